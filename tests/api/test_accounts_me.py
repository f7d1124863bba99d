import pytest


def test_me_says_who_is_signed_in(api, buyer, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = api.get("/api/v1/me")

    assert answer.json() == {
        "id": str(buyer.pk),
        "email": buyer.email,
        "name": "",
        "is_staff": False,
        "show_viewer_counts": True,
    }


def test_a_person_changes_their_name(api, buyer):
    answer = api.patch("/api/v1/me", {"name": "  Ada Lovelace "})

    assert answer.json()["name"] == "Ada Lovelace"
    buyer.refresh_from_db()
    assert buyer.name == "Ada Lovelace"


def test_a_person_switches_the_viewer_counts_off_and_keeps_their_name(api, buyer):
    api.patch("/api/v1/me", {"name": "Ada"})

    answer = api.patch("/api/v1/me", {"show_viewer_counts": False})

    assert answer.json()["show_viewer_counts"] is False
    buyer.refresh_from_db()
    assert (buyer.name, buyer.show_viewer_counts) == ("Ada", False)


def test_a_switch_is_on_or_off(api, buyer):
    answer = api.patch("/api/v1/me", {"show_viewer_counts": None})

    assert answer.status_code == 400
    buyer.refresh_from_db()
    assert buyer.show_viewer_counts is True


@pytest.mark.parametrize("body", [{}, {"name": "x" * 151}, {"name": None}, []])
def test_a_name_that_cannot_be_is_refused(api, buyer, body):
    answer = api.patch("/api/v1/me", body)

    assert answer.status_code == 400
    buyer.refresh_from_db()
    assert buyer.name == ""


def test_nobody_makes_themselves_staff(api, buyer):
    api.patch("/api/v1/me", {"name": "A", "is_staff": True, "email": "b@example.com"})

    before = buyer.email
    buyer.refresh_from_db()
    assert (buyer.is_staff, buyer.email) == (False, before)


def test_me_is_for_the_signed_in(anonymous):
    assert anonymous.get("/api/v1/me").status_code == 401
    assert anonymous.patch("/api/v1/me", {"name": "A"}).status_code == 401
