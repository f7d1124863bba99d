"""Who gets into the admin, and who sees accounts there."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db
PASSWORD = "long-Passw0rd"


@pytest.fixture
def superuser():
    return User.objects.create_superuser("root@example.com", PASSWORD)


def sign_in(client, email, password=PASSWORD):
    form = {"username": email, "password": password, "next": "/admin/"}
    return client.post("/admin/login/", form)


def is_in(client):
    return client.get("/admin/").status_code == 200


def test_staff_sign_in_with_their_password(client):
    make.staff(venue=make.venue(), email="staff@example.com", password=PASSWORD)
    sign_in(client, "Staff@example.com")

    assert is_in(client)


def test_buyers_do_not_get_in(client):
    make.buyer(email="buyer@example.com", password=PASSWORD)
    answer = sign_in(client, "buyer@example.com")

    assert answer.status_code == 200
    assert not is_in(client)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(client):
    make.staff(venue=make.venue(), email="staff@example.com", password=PASSWORD)
    for _ in range(5):
        sign_in(client, "staff@example.com", "wrong")
    answer = sign_in(client, "staff@example.com")

    assert b"Too many failed login attempts" in answer.content
    assert not is_in(client)


def test_staff_do_not_see_accounts(client):
    staff = make.staff(venue=make.venue())
    client.force_login(staff)

    assert client.get("/admin/accounts/user/").status_code == 403
    assert client.get(f"/admin/accounts/user/{staff.pk}/change/").status_code == 403
    assert client.get("/admin/auth/group/").status_code == 403


def test_staff_cannot_raise_their_own_rights(client):
    staff = make.staff(venue=make.venue())
    client.force_login(staff)
    answer = client.post(
        f"/admin/accounts/user/{staff.pk}/change/", {"is_superuser": "on"}
    )

    assert answer.status_code == 403
    staff.refresh_from_db()
    assert not staff.is_superuser


def test_a_superuser_finds_and_opens_accounts(client, superuser):
    buyer = make.buyer(name="Ada")
    client.force_login(superuser)

    found = client.get("/admin/accounts/user/", {"q": "ada"})
    assert buyer.email.encode() in found.content
    opened = client.get(f"/admin/accounts/user/{buyer.pk}/change/")
    assert opened.status_code == 200
    assert client.get("/admin/auth/group/").status_code == 200


def test_a_superuser_adds_staff(client, superuser):
    client.force_login(superuser)
    answer = client.post(
        "/admin/accounts/user/add/",
        {
            "email": "New@Example.com",
            "name": "New",
            "is_staff": "on",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )

    assert answer.status_code == 302, answer.content
    made = User.objects.get(email="new@example.com")
    assert made.is_staff
    assert made.check_password(PASSWORD)


def test_a_superuser_puts_a_person_into_a_group(client, superuser):
    buyer, group = make.buyer(), Group.objects.create(name="Door")
    client.force_login(superuser)
    form = {"name": "Ada", "is_active": "on", "groups": [group.pk]}
    answer = client.post(f"/admin/accounts/user/{buyer.pk}/change/", form)

    assert answer.status_code == 302
    assert list(buyer.groups.all()) == [group]


def test_a_superuser_cannot_take_their_own_rights_or_change_an_address(
    client, superuser
):
    client.force_login(superuser)
    form = {"name": "Root", "email": "other@example.com"}
    client.post(f"/admin/accounts/user/{superuser.pk}/change/", form)

    superuser.refresh_from_db()
    assert (superuser.name, superuser.email) == ("Root", "root@example.com")
    assert superuser.is_superuser
    assert superuser.is_active


def test_nobody_deletes_accounts(client, superuser):
    buyer = make.buyer()
    client.force_login(superuser)
    answer = client.post(f"/admin/accounts/user/{buyer.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert User.objects.filter(pk=buyer.pk).exists()


def test_who_signs_in_at_the_page_itself_comes_to_tonight(client):
    steward = make.staff(venue=make.venue())
    steward.set_password("a long evening")
    steward.save()
    typed = {"username": steward.email, "password": "a long evening"}

    answer = client.post(reverse("admin:login"), typed)

    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))
