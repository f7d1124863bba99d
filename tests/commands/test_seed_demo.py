from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from events.local_time import night_of
from events.models import Event, EventStatus, Role, Venue
from inventory.models import Ticket, TicketStatus, TicketType
from payments.demo import fixture
from payments.demo.seeding import seed
from payments.models import Order

pytestmark = pytest.mark.django_db(transaction=True)

CITIES = {
    "London", "Manchester", "Leeds", "Berlin", "Paris", "New York", "Chicago", "Tokyo",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _demo_mode(settings):
    settings.DEBUG = True  # The test runner switches it off.


def everything():
    return (
        list(Event.objects.order_by("pk").values()),
        list(Venue.objects.order_by("pk").values("pk", "name", "match_key")),
        list(TicketType.objects.order_by("pk").values()),
        sorted(Ticket.objects.values_list("pk", "status")),
    )


def test_every_city_has_shows_now_soon_and_later_tonight():
    now = timezone.now()
    call_command("seed_demo")

    for city in CITIES:
        coming = Event.objects.published().filter(venue__city=city)
        assert 3 <= coming.starting_within(now, 9).count() <= 9, city
        assert coming.running(now).exists(), city
        assert coming.filter(
            starts_at__gt=now, starts_at__lt=now + timedelta(minutes=30)
        ).exists()


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 28, 23, 50, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 20, tzinfo=UTC),
    ],
)
def test_the_shows_of_tomorrow_are_at_eight_also_when_the_clocks_change(now):
    seed(now=now)

    for show in fixture.shows():
        event = Event.objects.get(source_id=f"{show.key}:1")
        zone = event.venue.zone
        if show.slot == "tomorrow":
            local = event.starts_at.astimezone(zone)
            assert (local.hour, local.minute) == (20, 0)
            assert night_of(event.starts_at, zone) == night_of(now, zone) + timedelta(1)


def test_the_demo_shows_every_state_of_a_sale():
    now = timezone.now()
    call_command("seed_demo")

    def shown(key):
        return Event.objects.get(source_id=f"{key}:1")

    assert shown("london-barbican").status == EventStatus.CANCELLED
    assert shown("berlin-konzerthaus").status == EventStatus.POSTPONED
    assert not shown("newyork-msg").ticket_types.exists()
    assert shown("newyork-msg").listing_url
    assert shown("london-jazz-next").sales_open_at > now
    sold_out, held = shown("london-bush"), shown("london-empire")
    assert not Ticket.objects.filter(
        ticket_type__event__in=[sold_out, held], status=TicketStatus.AVAILABLE
    ).exists()
    assert Ticket.objects.filter(
        ticket_type__event=sold_out, status=TicketStatus.SOLD
    ).count() == sum(t.capacity for t in sold_out.ticket_types.all())
    assert Order.objects.filter(status="paid").count() == 2
    assert TicketType.objects.filter(currency="JPY").exists()
    assert TicketType.objects.filter(unit_amount=0).exists()
    nearly = shown("london-ronnie").ticket_types.get()
    assert nearly.capacity <= 10
    call_command("audit")


def test_seeding_again_changes_nothing():
    now = timezone.now()
    seed(now=now)
    before = everything()

    done = seed(now=now + timedelta(minutes=2))

    assert (done.created, done.moved) == (0, 0)
    assert everything() == before


def test_the_next_day_unsold_shows_move_and_sold_ones_stay():
    now = timezone.now()
    call_command("seed_demo")
    sold = Event.objects.get(source_id="london-bush:1")
    unsold = Event.objects.get(source_id="london-albert:1")
    tomorrow = now + timedelta(days=1)

    seed(now=tomorrow)

    stays, moved = sold.starts_at, unsold.starts_at
    sold.refresh_from_db()
    unsold.refresh_from_db()
    assert sold.starts_at == stays
    assert Event.objects.filter(source_id="london-bush:2").exists()
    assert unsold.starts_at > moved
    assert Event.objects.filter(source_id__startswith="london-albert:").count() == 1
    for city in CITIES:
        here = Event.objects.published().filter(venue__city=city)
        assert here.starting_within(tomorrow, 9).count() >= 3


def test_prices_fall_before_a_moved_show_too():
    now = timezone.now()
    seed(now=now)

    seed(now=now + timedelta(days=1))

    event = Event.objects.get(source_id="london-roundhouse:1")
    steps = event.ticket_types.get(name="Standing").price_steps.order_by("starts_at")
    falls = [event.starts_at - step.starts_at for step in steps]
    assert falls == [timedelta(minutes=90), timedelta(minutes=30)]


def test_the_accounts_can_sign_in_and_have_their_roles(client):
    call_command("seed_demo")

    roles = {
        user.email.split("@")[0]: user.memberships.get().role
        for user in User.objects.filter(memberships__isnull=False)
    }
    assert roles == {
        "manager": Role.MANAGER,
        "box-office": Role.BOX_OFFICE,
        "door": Role.DOOR,
    }
    admin = User.objects.get(email="admin@ticketapp.example")
    assert admin.is_superuser
    assert admin.check_password("ticketapp-demo")
    assert not User.objects.get(email="buyer@ticketapp.example").has_usable_password()


def test_a_changed_password_stays_changed():
    call_command("seed_demo")
    admin = User.objects.get(email="admin@ticketapp.example")
    admin.set_password("my own words")
    admin.save()

    call_command("seed_demo")

    admin.refresh_from_db()
    assert admin.check_password("my own words")


def test_outside_the_demo_mode_it_refuses(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="not the demo mode"):
        call_command("seed_demo")

    assert not User.objects.exists()


def test_forced_outside_the_demo_mode_the_password_is_random(settings, capsys):
    settings.DEBUG = False

    call_command("seed_demo", force=True)

    admin = User.objects.get(email="admin@ticketapp.example")
    assert not admin.check_password("ticketapp-demo")
    [line] = [
        line for line in capsys.readouterr().out.splitlines() if admin.email in line
    ]
    assert admin.check_password(line.split()[-1])
