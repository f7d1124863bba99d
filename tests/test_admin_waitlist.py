import pytest
from django.urls import reverse

from events.models import Role
from inventory.models import WaitlistEntry
from tests import factories as make
from tests.lining_up import held, join

pytestmark = pytest.mark.django_db
LIST = reverse("admin:inventory_waitlistentry_changelist")


@pytest.fixture
def venue():
    return make.venue()


@pytest.fixture
def rush(venue):
    kind = make.ticket_type(event=make.event(venue=venue), stock=1)
    held(kind, 1)
    return kind


@pytest.fixture
def box_office(client, venue):
    client.force_login(make.staff(venue=venue, role=Role.BOX_OFFICE))
    return client


def test_staff_see_who_waits_at_their_venue_and_in_which_place(box_office, rush):
    first, second = join(rush), join(rush)
    elsewhere = make.ticket_type(stock=1)
    held(elsewhere, 1)
    stranger = join(elsewhere)

    page = box_office.get(LIST)

    places = {entry.user: entry.ahead for entry in page.context["cl"].result_list}
    assert places == {first.user: 0, second.user: 1}
    assert stranger.user.email not in page.content.decode()


def test_nobody_in_line_is_moved_added_or_removed_by_staff(box_office, rush):
    entry = join(rush)
    page = reverse("admin:inventory_waitlistentry_change", args=[entry.pk])

    assert box_office.get(page).status_code == 200
    assert box_office.post(page, {"number": 0}).status_code == 403
    add = reverse("admin:inventory_waitlistentry_add")
    assert box_office.get(add).status_code == 403
    remove = reverse("admin:inventory_waitlistentry_delete", args=[entry.pk])
    assert box_office.post(remove, {"post": "yes"}).status_code == 403
    assert WaitlistEntry.objects.get().number == 1


def test_the_list_takes_a_fixed_number_of_queries(
    box_office, rush, django_assert_max_num_queries
):
    for _ in range(6):
        join(rush)

    with django_assert_max_num_queries(10):
        box_office.get(LIST)
