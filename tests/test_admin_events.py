import pytest
from django.urls import reverse

from events.models import Category, Event, Membership, Performer, Role, Venue
from tests import factories as make

pytestmark = pytest.mark.django_db

LIST = "admin:events_venue_changelist"
CHANGE = "admin:events_venue_change"


@pytest.fixture
def operator():
    return make.buyer(is_staff=True, is_superuser=True)


def form_of(venue, **changes):
    fields = {
        "name": venue.name,
        "address": "1 High Street",
        "city": venue.city,
        "region": "",
        "postal_code": "",
        "country": venue.country,
        "latitude": venue.location.y,
        "longitude": venue.location.x,
        "location_precision": "exact",
        "capacity": "",
        "currency": "GBP",
        "tax_name": "VAT",
        "tax_rate": "20",
        "tax_mode": "included",
        "refund_policy": "",
    }
    for prefix in ("memberships", "sources"):
        fields |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return fields | changes


def with_inlines(venue, **changes):
    """The form of a venue that has one member of staff already."""
    member = venue.memberships.get()
    return form_of(venue, **changes) | {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": member.pk,
        "memberships-0-venue": venue.pk,
        "memberships-0-user": member.user_id,
        "memberships-0-role": member.role,
    }


@pytest.mark.parametrize("role", Role.values)
def test_staff_see_their_own_venues_only(client, role):
    own, other = make.venue(name="Own Room"), make.venue(name="Other Room")
    client.force_login(make.staff(venue=own, role=role))

    page = client.get(reverse(LIST)).content.decode()

    assert "Own Room" in page
    assert "Other Room" not in page
    assert client.get(reverse(CHANGE, args=[own.pk])).status_code == 200
    # Django's admin answers a row that is not there with a redirect to the index.
    assert client.get(reverse(CHANGE, args=[other.pk])).status_code == 302


def test_staff_without_a_venue_see_no_venues(client):
    make.venue()
    client.force_login(make.buyer(is_staff=True))

    assert client.get(reverse(LIST)).status_code == 403


def test_a_buyer_does_not_get_into_the_admin(client, buyer):
    client.force_login(buyer)

    assert client.get(reverse(LIST)).status_code == 302


def test_operators_see_every_venue(client, operator):
    make.venue(name="One Room"), make.venue(name="Two Room")
    client.force_login(operator)

    page = client.get(reverse(LIST)).content.decode()

    assert "One Room" in page
    assert "Two Room" in page


def test_a_venue_list_asks_the_same_number_of_questions_for_any_length(
    client, operator, django_assert_max_num_queries
):
    for _ in range(30):
        make.event()
    client.force_login(operator)

    with django_assert_max_num_queries(12):
        client.get(reverse(LIST))


def test_moving_the_pin_moves_the_events_and_the_zone(client):
    venue = make.venue()
    event = make.event(venue=venue)
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))
    paris = {"latitude": "48.8566", "longitude": "2.3522", "country": "FR"}

    answer = client.post(reverse(CHANGE, args=[venue.pk]), with_inlines(venue, **paris))

    assert answer.status_code == 302, answer.context["errors"]
    venue.refresh_from_db()
    event.refresh_from_db()
    assert venue.time_zone == "Europe/Paris"
    assert event.location.coords == venue.location.coords == (2.3522, 48.8566)
    assert venue.kept_by_staff


def test_a_currency_in_small_letters_is_kept_as_its_code(client):
    venue = make.venue()
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))

    answer = client.post(
        reverse(CHANGE, args=[venue.pk]), with_inlines(venue, currency="jpy")
    )

    assert answer.status_code == 302, answer.context["errors"]
    venue.refresh_from_db()
    assert venue.currency == "JPY"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"latitude": "91"}, "less than or equal to 90"),
        ({"longitude": "181"}, "less than or equal to 180"),
        ({"latitude": "", "longitude": "2"}, "latitude and longitude together"),
        ({"latitude": "0", "longitude": "0"}, "a point in the sea"),
        ({"country": "gb"}, "two capital letters"),
        ({"currency": "JP"}, "No card can be charged in"),
        ({"currency": "GBX"}, "No card can be charged in"),
        ({"name": ""}, "required"),
    ],
)
def test_an_impossible_place_is_refused_with_the_reason(client, changes, complaint):
    venue = make.venue()
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))

    answer = client.post(
        reverse(CHANGE, args=[venue.pk]), with_inlines(venue, **changes)
    )

    assert answer.status_code == 200
    assert complaint in answer.content.decode()
    before = venue.location.coords
    venue.refresh_from_db()
    assert venue.location.coords == before
    assert not venue.kept_by_staff


@pytest.mark.parametrize("role", [Role.BOX_OFFICE, Role.DOOR])
def test_only_managers_change_a_venue(client, role):
    venue = make.venue()
    client.force_login(make.staff(venue=venue, role=role))

    answer = client.post(
        reverse(CHANGE, args=[venue.pk]), with_inlines(venue, name="Mine now")
    )

    venue.refresh_from_db()
    assert answer.status_code == 403
    assert venue.name != "Mine now"


@pytest.mark.parametrize(
    ("typed", "points"), [("20", 2000), ("8.25", 825), ("0", 0), ("5.50", 550)]
)
def test_a_tax_rate_is_typed_in_per_cent(client, typed, points):
    venue = make.venue()
    client.force_login(make.staff(venue=venue))
    page = reverse(CHANGE, args=[venue.pk])

    assert client.post(page, with_inlines(venue, tax_rate=typed)).status_code == 302

    venue.refresh_from_db()
    assert venue.tax_basis_points == points
    shown = client.get(page).context["adminform"].form.initial["tax_rate"]
    assert float(shown) == float(typed)


@pytest.mark.parametrize("typed", ["-1", "101", "8.255", "much", ""])
def test_a_tax_rate_that_cannot_be_is_refused(client, typed):
    venue = make.venue(tax_basis_points=700)
    client.force_login(make.staff(venue=venue))

    answer = client.post(
        reverse(CHANGE, args=[venue.pk]), with_inlines(venue, tax_rate=typed)
    )

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["tax_rate"]
    venue.refresh_from_db()
    assert venue.tax_basis_points == 700


def test_those_who_only_look_see_the_tax_rate_too(client):
    venue = make.venue(tax_basis_points=825)
    client.force_login(make.staff(venue=venue, role=Role.DOOR))

    assert "8.25" in client.get(reverse(CHANGE, args=[venue.pk])).content.decode()


def test_a_manager_gives_nobody_rights(client):
    venue, friend = make.venue(), make.buyer()
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))
    added = with_inlines(venue) | {
        "memberships-TOTAL_FORMS": 2,
        "memberships-1-venue": venue.pk,
        "memberships-1-user": friend.pk,
        "memberships-1-role": Role.MANAGER,
    }

    client.post(reverse(CHANGE, args=[venue.pk]), added)

    assert not Membership.objects.filter(user=friend).exists()


def test_a_manager_does_not_add_or_delete_venues(client):
    venue = make.venue()
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))

    added = client.get(reverse("admin:events_venue_add"))
    deleted = client.post(reverse("admin:events_venue_delete", args=[venue.pk]))

    assert added.status_code == 403
    assert deleted.status_code == 403
    assert Venue.objects.filter(pk=venue.pk).exists()


def test_an_operator_adds_a_venue_and_its_zone_is_found(client, operator):
    client.force_login(operator)
    fields = form_of(
        make.venue(), name="Blue Note", city="Tokyo", country="JP", currency="JPY"
    ) | {"latitude": "35.6612", "longitude": "139.7160"}

    answer = client.post(reverse("admin:events_venue_add"), fields)

    assert answer.status_code == 302, answer.context["errors"]
    added = Venue.objects.get(name="Blue Note")
    assert added.time_zone == "Asia/Tokyo"
    assert added.match_key == "blue note|tokyo|jp"


def test_the_map_asks_nobody_outside(client, operator):
    client.force_login(operator)

    page = client.get(reverse(CHANGE, args=[make.venue().pk])).content.decode()

    assert 'src="/static/vendor/leaflet/leaflet.js"' in page
    assert 'id="venue-map"' in page
    assert not [
        line
        for line in page.splitlines()
        if ("src=" in line or "<link" in line) and "//" in line and "http" in line
    ]


def test_the_search_of_venues_takes_accents_and_mistakes(client, operator):
    make.venue(name="Café Zoë", city="Łódź")
    make.venue(name="Roundhouse")
    client.force_login(operator)

    def found(query):
        page = client.get(reverse(LIST), {"q": query}).content.decode()
        return [name for name in ("Café Zoë", "Roundhouse") if name in page]

    assert found("zoe") == ["Café Zoë"]
    assert found("lodz") == ["Café Zoë"]
    assert found("roundhose") == ["Roundhouse"]


def test_operators_download_venues_as_a_table(client, operator):
    make.venue(name="Café Zoë")
    client.force_login(operator)

    answer = client.post(
        reverse("admin:events_venue_export"), {"format": "0", "resource": ""}
    )

    assert answer["Content-Type"].startswith("text/csv")
    assert "Café Zoë" in answer.content.decode()


def test_staff_download_their_own_venues_only(client):
    own = make.venue(name="Own Room")
    make.venue(name="Other Room")
    client.force_login(make.staff(venue=own, role=Role.MANAGER))

    answer = client.post(
        reverse("admin:events_venue_export"), {"format": "0", "resource": ""}
    )

    assert "Own Room" in answer.content.decode()
    assert "Other Room" not in answer.content.decode()


def test_uploading_is_for_operators(client):
    client.force_login(make.staff(venue=make.venue(), role=Role.MANAGER))

    assert client.get(reverse("admin:events_venue_import")).status_code == 403


@pytest.mark.parametrize(
    ("model", "row"), [("performer", {"name": "X"}), ("category", {"name": "X"})]
)
def test_staff_look_at_performers_and_categories_but_do_not_change_them(
    client, model, row
):
    made = {"performer": Performer, "category": Category}[model].objects.create(**row)
    client.force_login(make.staff(venue=make.venue(), role=Role.MANAGER))

    listed = client.get(reverse(f"admin:events_{model}_changelist"))
    changed = client.post(
        reverse(f"admin:events_{model}_change", args=[made.pk]), {"name": "Y"}
    )

    assert listed.status_code == 200
    assert changed.status_code == 403


def test_an_event_follows_its_venue_whoever_writes():
    venue, other = make.venue(at=(51.5, -0.1)), make.venue(at=(53.8, -1.5))
    [event] = Event.objects.bulk_create(
        [Event(venue=venue, name="Bulk", local_date="2026-06-01")]
    )

    Event.objects.filter(pk=event.pk).update(venue=other)
    event.refresh_from_db()
    assert event.location.coords == other.location.coords

    Venue.objects.filter(pk=other.pk).update(location=make.point(48.85, 2.35))
    event.refresh_from_db()
    assert event.location.coords == (2.35, 48.85)

    Event.objects.filter(pk=event.pk).update(location=make.point(1, 1))
    event.refresh_from_db()
    assert event.location.coords == (2.35, 48.85)


def test_the_sidebar_shows_what_a_person_may_see_and_no_more(client, operator):
    client.force_login(operator)
    everything = client.get(reverse("admin:index")).content.decode()
    client.force_login(make.staff(venue=make.venue(), role=Role.DOOR))
    little = client.get(reverse("admin:index")).content.decode()

    users, venues = reverse("admin:accounts_user_changelist"), reverse(LIST)
    assert users in everything
    assert venues in everything
    assert users not in little
    assert venues in little


@pytest.mark.parametrize("role", Role.values)
def test_every_list_that_is_offered_opens(client, role):
    venue = make.venue()
    make.event(venue=venue)
    client.force_login(make.staff(venue=venue, role=role))
    page = client.get(reverse("admin:index"))

    lists = [
        item["link"]
        for group in page.context["sidebar_navigation"]
        for item in group["items"]
    ]

    assert lists
    for address in lists:
        assert client.get(address).status_code == 200, address
