"""Staff refund tickets of one order: they choose, see what it comes to, and do that."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import TicketStatus
from notifications.models import Notification
from payments import services
from payments.models import OrderStatus, Refund, RefundReason
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import join
from tests.paying import ask, assert_books_are_right, held, order, paid, tickets
from tests.refunding import hear_the_bank, refund_some

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed():
    """Two tickets, all there are, of an event that is on sale as the tests run."""
    return tonight()


@pytest.fixture(autouse=True)
def manager(client, placed):
    manager = make.staff(venue=placed.event.venue)
    client.force_login(manager)
    return manager


def tonight(*, free: bool = False):
    now = timezone.now()
    fields = {"event": make.tonight(), "stock": 2, "name": "Standing", "now": now}
    if free:
        return order(held(unit_amount=0, **fields), payment_method=None, now=now)
    return paid(**fields)


def page_of(placed) -> str:
    return reverse("admin:payments_order_refund", args=[placed.pk])


def lines_of(placed) -> list:
    return list(placed.lines.order_by("pk"))


def preview(client, placed, lines, reason="staff"):
    chosen = {"line": [line.pk for line in lines], "reason": reason}
    return client.post(page_of(placed), chosen)


def confirm(client, placed, previewed, **instead):
    """The last step's form, as the page of the preview has it."""
    shown = {"shown": previewed.context["facts"]}
    sent = previewed.context["chosen"] | shown | instead
    return client.post(page_of(placed), sent)


def use(line, at=NOON) -> None:
    line.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=at)


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def nothing_was_done(placed) -> bool:
    return not Refund.objects.exists() and "returned" not in tickets(placed.hold)


# Looking


def test_the_preview_says_what_would_be_done_and_does_nothing(client, placed):
    answer = preview(client, placed, lines_of(placed))

    told = words(answer)
    for sentence in [
        "Ticket 1, Standing</th><td>stops being good at once</td>",
        '<th scope="row" colspan="2">Sum</th><td class="refund-sum">£50.00</td>',
        "£50.00, to the card it came from.",
        "2 on sale again.",
        "£50.00 goes back to your card. We have refunded £50.00",
        "Refund £50.00</button>",
    ]:
        assert sentence in told
    assert nothing_was_done(placed)
    assert_books_are_right()


def test_only_what_was_chosen_is_in_the_preview(client, placed):
    [_, second] = lines_of(placed)

    answer = preview(client, placed, [second])

    [piece] = answer.context["shown"].pieces
    assert (piece.name, piece.price) == ("Ticket 2, Standing", "£25.00")
    assert "Refund £25.00</button>" in words(answer)


def test_a_ticket_that_somebody_waits_for_is_shown_to_go_to_them(client, placed):
    entry = join(placed.hold.ticket_type, now=timezone.now(), ends_at=soon())

    answer = preview(client, placed, lines_of(placed))

    told = "1 on sale again; 1 offered to the next on the waitlist."
    assert answer.context["shown"].stock == told
    entry.refresh_from_db()
    assert entry.status == "waiting"
    assert not Notification.objects.filter(user=entry.user).exists()


def soon():
    return timezone.now() + timedelta(hours=5)


def test_a_preview_asks_no_worker_for_anything(
    client, placed, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as asked:
        preview(client, placed, lines_of(placed))

    assert asked == []


def test_where_sales_are_over_nothing_is_said_to_go_on_sale(client, placed):
    placed.event.move_to(EventStatus.PAUSED)

    answer = preview(client, placed, lines_of(placed))

    assert answer.context["shown"].stock == "2 free again, but sales are not open."


def test_what_comes_back_to_a_type_that_is_overbooked_is_withdrawn(client, placed):
    inventory.set_capacity(
        ticket_type=placed.hold.ticket_type,
        capacity=1,
        override=inventory.Overrider(make.buyer(), "A wall is damp"),
        now=NOON,
    )

    answer = preview(client, placed, lines_of(placed))

    assert "1 withdrawn, as more are sold" in answer.context["shown"].stock


def test_as_goodwill_the_tickets_are_shown_to_stay_as_they_are(client, placed):
    [first, _] = lines_of(placed)
    use(first)

    shown = preview(client, placed, lines_of(placed), "goodwill").context["shown"]

    fates = [piece.fate for piece in shown.pieces]
    assert fates == ["was used at the door", "stays good"]
    assert shown.stock == "None: they stay as they are."


def test_a_free_order_is_shown_to_move_no_money(client, manager):
    free = tonight(free=True)
    manager.memberships.create(venue=free.event.venue, role="manager")

    previewed = preview(client, free, lines_of(free))
    confirm(client, free, previewed)

    assert "Nothing: the order was free." in words(previewed)
    assert "Take the tickets back</button>" in words(previewed)
    free.refresh_from_db()
    assert free.status == OrderStatus.REFUNDED


def test_the_choice_is_kept_for_whoever_wants_to_choose_again(client, placed):
    [first, second] = lines_of(placed)
    again = preview(client, placed, [second], "goodwill").context["again"]

    told = words(client.get(page_of(placed) + again))

    assert f'name="line" value="{first.pk}">' in told
    assert f'name="line" value="{second.pk}" checked>' in told
    assert 'value="goodwill" checked>' in told


@pytest.mark.parametrize("lines", [[], ["nonsense"], ["0"], ["²"], ["9" * 30]])
def test_choosing_nothing_shows_the_choice_again(client, placed, lines):
    answer = client.post(page_of(placed), {"line": lines})

    assert answer.status_code == 409
    assert "no ticket of it was chosen" in words(answer)
    assert nothing_was_done(placed)


def test_a_used_ticket_can_only_be_chosen_as_goodwill(client, placed):
    used, other = lines_of(placed)
    use(used)

    choice = words(client.get(page_of(placed)))
    refused = preview(client, placed, [used, other])

    assert f'name="line" value="{used.pk}">' in choice
    assert f'name="line" value="{other.pk}" checked>' in choice
    assert refused.status_code == 409
    assert "1 of its tickets was used at the door" in words(refused)
    assert nothing_was_done(placed)


def test_more_than_is_left_of_the_money_is_refused_before_anything_is_done(
    client, placed
):
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 3000})
    hear_the_bank()

    refused = preview(client, placed, lines_of(placed))

    assert "£20.00 of what was paid is left" in words(refused)
    assert Refund.objects.get().reason == RefundReason.DASHBOARD


# Confirming


def test_what_was_shown_is_what_is_done(client, placed, manager):
    [line, _] = lines_of(placed)
    previewed = preview(client, placed, [line])

    answer = confirm(client, placed, previewed)

    assert answer.url == reverse("admin:payments_order_change", args=[placed.pk])
    refund = Refund.objects.get()
    assert (refund.amount, refund.created_by) == (2500, manager)
    assert list(refund.lines.all()) == [line]
    assert tickets(placed.hold) == ["available", "returned", "sold"]
    services.pay_refunds(now=timezone.now(), limit=10)
    told = Notification.objects.get(kind="refund")
    assert f"{told.title}. {told.body}" == previewed.context["shown"].told
    assert_books_are_right(timezone.now())


def test_goodwill_is_done_as_it_was_shown(client, placed):
    confirm(client, placed, preview(client, placed, lines_of(placed), "goodwill"))

    assert Refund.objects.get().reason == RefundReason.GOODWILL
    assert tickets(placed.hold) == ["sold", "sold"]


def test_a_used_ticket_is_refunded_as_goodwill(client, placed):
    for line in lines_of(placed):
        use(line)

    confirm(client, placed, preview(client, placed, lines_of(placed), "goodwill"))

    assert Refund.objects.get().amount == 5000


def test_the_line_gets_what_it_was_shown_to_get(client, placed):
    entry = join(placed.hold.ticket_type, now=timezone.now(), ends_at=soon())

    confirm(client, placed, preview(client, placed, lines_of(placed)))

    entry.refresh_from_db()
    assert entry.status == "offered"
    assert tickets(placed.hold) == ["available", "held", "returned", "returned"]


def test_a_second_tap_refunds_nothing_more_and_says_why(client, placed):
    previewed = preview(client, placed, lines_of(placed))
    confirm(client, placed, previewed)

    again = confirm(client, placed, previewed)

    assert again.status_code == 409
    assert "Ticket 1, Standing: was refunded meanwhile." in words(again)
    assert Refund.objects.count() == 1


def test_a_ticket_that_was_used_since_is_not_refunded(client, placed):
    [first, second] = lines_of(placed)
    previewed = preview(client, placed, [first, second])
    use(second, at=NOON)

    answer = confirm(client, placed, previewed)

    assert answer.status_code == 409
    when = f"{NOON.astimezone(placed.event.venue.zone):%H:%M}"
    assert f"Ticket 2, Standing: was used at the door at {when}." in words(answer)
    assert 'role="alert"' in words(answer)
    assert nothing_was_done(placed)


def test_of_tickets_of_which_one_was_refunded_since_none_is(client, placed):
    previewed = preview(client, placed, lines_of(placed))
    refund_some(placed, 1)

    answer = confirm(client, placed, previewed)

    assert answer.context["changes"] == ["Ticket 1, Standing: was refunded meanwhile."]
    assert Refund.objects.get().amount == 2500
    assert tickets(placed.hold).count("sold") == 1


def test_somebody_who_joined_the_line_since_is_shown_before_it_is_done(client, placed):
    """The guard is that what was shown is compared with what was done."""
    previewed = preview(client, placed, lines_of(placed))
    entry = join(placed.hold.ticket_type, now=timezone.now(), ends_at=soon())

    refused = confirm(client, placed, previewed)

    assert refused.context["changes"] == [
        "The tickets taken back: you saw “2 on sale again.”, now it is “1 on sale "
        "again; 1 offered to the next on the waitlist.”"
    ]
    assert "Refund £50.00</button>" in words(refused)
    assert nothing_was_done(placed)
    entry.refresh_from_db()
    assert entry.status == "waiting"
    confirm(client, placed, refused)
    assert Refund.objects.get().amount == 5000


def test_a_used_ticket_is_shown_before_goodwill_goes_on(client, placed):
    [line, _] = lines_of(placed)
    previewed = preview(client, placed, [line], "goodwill")
    use(line)

    refused = confirm(client, placed, previewed)

    assert "now it is “£25.00, was used at the door”" in words(refused)
    assert nothing_was_done(placed)


def test_a_payment_that_came_under_dispute_since_is_not_refunded(client, placed):
    previewed = preview(client, placed, lines_of(placed))
    placed.payments.get().disputes.create(
        provider_id="dp_1",
        provider_status="needs_response",
        amount=5000,
        currency="GBP",
        opened_at=NOON,
    )

    refused = confirm(client, placed, previewed)

    assert "is disputed" in words(refused)
    assert nothing_was_done(placed)


@pytest.mark.parametrize("shown", ["", "nonsense", "[]", '"x"', "{}", '{"Sum": 1}'])
def test_a_form_that_was_tampered_with_refunds_nothing(client, placed, shown):
    previewed = preview(client, placed, lines_of(placed))

    answer = confirm(client, placed, previewed, shown=shown)

    assert answer.status_code == 409
    assert nothing_was_done(placed)


def test_other_tickets_than_were_shown_are_not_refunded(client, placed):
    [first, second] = lines_of(placed)
    previewed = preview(client, placed, [first])

    answer = confirm(client, placed, previewed, line=[second.pk])

    assert "Ticket 2, Standing: you saw “not among them”" in words(answer)
    assert nothing_was_done(placed)
