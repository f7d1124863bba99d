"""How tests have people in line who gave a mandate, and charge them."""

from datetime import datetime

from accounts.models import User
from inventory import services as inventory
from inventory.models import Hold, TicketType, WaitlistEntry
from payments import services as payments
from payments.consent import CURRENT
from payments.models import Order, PaymentAttempt, SavedCard
from payments.services import cards
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.lining_up import EVENING, held, priced
from tests.paying import VISA, ask, token

DECLINED_ONCE_SAVED = "4000000000000341"
# Of an offer that was made at noon.
WINDOW_ENDS = NOON + 10 * MINUTE


def kept_card(user: User, number: str = VISA) -> SavedCard:
    """A card that the buyer has kept before."""
    customer = cards.ensure_customer(user)
    method = token(number)
    status, body, _ = ask(
        "POST", f"/v1/payment_methods/{method}/attach", {"customer": customer}
    )
    assert status == 200, body
    return SavedCard.objects.create(
        user=user,
        provider_id=method,
        brand="visa",
        last4=number[-4:],
        exp_month=12,
        exp_year=2034,
        consented_at=NOON,
    )


def join_with_card(
    ticket_type: TicketType, number: str = VISA, *, quantity: int = 2, **wish
) -> WaitlistEntry:
    """Somebody new, who may be charged up to 100.00 for it until the evening."""
    user = wish.pop("user", None) or make.buyer()
    defaults = {"ends_at": EVENING, "now": NOON, "max_total_amount": 10_000}
    return payments.wait_for_tickets(
        user=user,
        ticket_type=priced(ticket_type),
        quantity=quantity,
        card=kept_card(user, number).pk,
        consent_version=CURRENT,
        **defaults | wish,
    )


def sold_out(stock: int = 2, **fields) -> TicketType:
    """A type whose tickets are all in one stranger's hands."""
    rush = make.ticket_type(stock=stock, **fields)
    held(rush, stock)
    return rush


def let_go(ticket_type: TicketType, *, now: datetime = NOON) -> None:
    """The stranger gives up."""
    rivals = Hold.objects.live().filter(ticket_type=ticket_type, from_waitlist=False)
    inventory.release_hold(hold=rivals.get(), now=now)


def charge_all(now: datetime = NOON) -> int:
    """What the worker does when there is something to charge."""
    steps = 0
    while payments.charge_next_offer(now=now):
        steps += 1
    return steps


def sweep(now: datetime) -> None:
    """Everything the clock does, at a time."""
    inventory.release_expired_holds(now=now, limit=100)
    inventory.match_waitlists(now=now)
    charge_all(now)
    payments.sweep_payments(now=now, limit=100)


def order_of(entry: WaitlistEntry) -> Order:
    """The latest order made for somebody who waits."""
    return Order.objects.filter(user=entry.user_id).latest("created_at", "pk")


def attempts_of(order: Order) -> list[tuple[str, bool]]:
    """Each try's end, and whether the buyer was away."""
    tries = PaymentAttempt.objects.filter(payment__order=order).order_by("pk")
    return [(attempt.status, attempt.is_off_session) for attempt in tries]
