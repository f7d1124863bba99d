"""How tests hold and order over the API, at the time that it is."""

from django.utils import timezone

from accounts.models import User
from events.models import Event
from inventory.models import Hold
from tests import factories as make
from tests.lining_up import held
from tests.paying import VISA, token

ORDERS = "/api/v1/orders"
CARDS = "/api/v1/payment-methods"
BOOKING_FEE = {"fee_amount": 150, "fee_name": "Booking fee"}


def hold_for(
    buyer: User, event: Event | None = None, *, quantity=2, stock=6, **fields
) -> Hold:
    """Tickets for tonight, held just now; `fields` are their type's."""
    rush = make.ticket_type(event=event or make.tonight(), stock=stock, **fields)
    return held(rush, quantity, user=buyer, now=timezone.now())


def place(api, hold, number=VISA, **fields):
    body = {"hold": str(hold.pk), "payment_method": token(number)} | fields
    return api.post(ORDERS, body)
