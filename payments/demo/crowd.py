"""Other people, so that the demo has a sold-out show and one that is all held.

They buy as everybody does: hold, order, pay with a test card of the sandbox. With
live keys nobody pays, and those shows are simply on sale.
"""

from datetime import datetime

from django.conf import settings

from accounts.models import User
from events.models import Event
from inventory import services as inventory
from inventory.models import TicketStatus, TicketType
from payments import services as payments
from payments.demo.fixture import DemoShow

CARD = "pm_card_visa"


def bring_crowds(*, fresh: list[tuple[DemoShow, Event]], now: datetime) -> None:
    """Sell out and hold what the new shows ask for."""
    for show, event in fresh:
        if show.state == "sold_out" and settings.PAYMENT_SANDBOX:
            _buy_everything(event, now)
        elif show.state == "all_held":
            _hold_everything(event, now)


def _buy_everything(event: Event, now: datetime) -> None:
    for user, row, quantity in _shares(event):
        hold = inventory.hold_tickets(
            user=user, ticket_type=row, quantity=quantity, now=now
        )
        payments.place_order(user=user, hold=hold, payment_method=CARD, now=now)


def _hold_everything(event: Event, now: datetime) -> None:
    for user, row, quantity in _shares(event):
        inventory.hold_tickets(user=user, ticket_type=row, quantity=quantity, now=now)


def _shares(event: Event) -> list[tuple[User, TicketType, int]]:
    """Every ticket of the event, dealt out to people within their limit."""
    shares = []
    for row in event.ticket_types.all():
        left = row.tickets.filter(status=TicketStatus.AVAILABLE).count()
        while left:
            quantity = min(left, event.per_buyer_limit)
            shares.append((_somebody(len(shares) + 1), row, quantity))
            left -= quantity
    return shares


def _somebody(number: int) -> User:
    email = f"crowd{number}@ticketapp.example"
    known = User.objects.filter(email=email).first()
    return known or User.objects.create_user(email, name=f"Demo guest {number}")
