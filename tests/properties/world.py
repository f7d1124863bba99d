"""The small world that the machine lives in: four buyers, one night, few tickets.

Everything is scarce on purpose, so that random buyers meet. A world is emptied
between two programs instead of made anew: deleting a few rows takes milliseconds.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection, transaction

from accounts.models import User
from events.models import Event, TaxMode
from inventory.models import PriceStep, TicketType
from tests import factories as make
from tests.factories import NOON

LIMIT = 4
TAX_PERCENT = 20
CURRENCY = "GBP"
# Name: price, fee and capacity.
TYPES = {"stalls": (2500, 250, 3), "balcony": (1045, 0, 2), "guests": (0, 0, 2)}
TOUCHED = [
    "inventory_checkin",
    "inventory_override",
    "inventory_stockcap_types",
    "inventory_stockcap",
    "payments_reconcilerun",
    "payments_ledgerentry",
    "payments_incident",
    "payments_refund_lines",
    "payments_refund",
    "payments_dispute",
    "payments_paymentattempt",
    "payments_payment",
    "payments_orderline",
    "payments_order",
    "payments_mandate",
    "payments_stripeevent",
    "payments_sandboxevent",
    "payments_sandboxkey",
    "payments_sandboxobject",
    "payments_cardsetup",
    "payments_savedcard",
    "payments_customer",
    "inventory_waitlistentry",
    "inventory_waitlist",
    "inventory_ticket",
    "inventory_hold",
    "inventory_pricestep",
    "inventory_tickettype",
    "events_event",
    "notifications_delivery",
    "notifications_notification",
]


def empty() -> None:
    """Delete what a program made; people and venues stay."""
    present = set(connection.introspection.table_names())
    gone = [f"DELETE FROM {table}" for table in TOUCHED if table in present]
    with transaction.atomic(), connection.cursor() as cursor:
        # As a replica, which asks no trigger: neither the one that keeps the ledger
        # from being rewritten nor those of the references, all of which go.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("; ".join(gone))


class People:
    """Who is there in every program: made once, because they never change."""

    def __init__(self) -> None:
        self.venue = make.venue(
            tax_mode=TaxMode.ADDED, tax_name="VAT", tax_basis_points=TAX_PERCENT * 100
        )
        self.buyers: dict[str, User] = {
            name: make.buyer() for name in ("ann", "bob", "cat", "dan")
        }
        self.staff = make.staff(venue=self.venue)
        self.names = {user.pk: name for name, user in self.buyers.items()}


class World:
    """One event from its first sale on, and a clock that the machine moves."""

    def __init__(self, people: People) -> None:
        empty()
        self.people = people
        self.now = NOON
        self.event: Event = make.event(
            venue=people.venue,
            per_buyer_limit=LIMIT,
            starts_at=NOON + timedelta(days=2),
            sales_close_at=NOON + timedelta(days=2),
        )
        self.capacity = {name: size for name, (_, _, size) in TYPES.items()}
        self.cap: tuple[tuple[str, ...], int] | None = None
        self.falls: list[tuple[str, datetime, int]] = []
        self.types = {name: self._type(name) for name in TYPES}
        self.type_names = {row.pk: name for name, row in self.types.items()}

    def _type(self, name: str) -> TicketType:
        price, fee, capacity = TYPES[name]
        return make.ticket_type(
            event=self.event,
            name=name,
            stock=capacity,
            unit_amount=price,
            fee_amount=fee,
            fee_name="Booking fee" if fee else "",
            currency=CURRENCY,
        )

    def buyer(self, name: str) -> User:
        return self.people.buyers[name]

    def ticket_type(self, name: str) -> TicketType:
        """As a view loads it, with all that the price follows from."""
        return TicketType.objects.with_terms().get(pk=self.types[name].pk)

    def schedule_fall(self, name: str, price: int, after: timedelta) -> None:
        """What staff put into the schedule; an instant has one price."""
        at = self.now + after
        if any(known[:2] == (name, at) for known in self.falls):
            return
        PriceStep.objects.create(
            ticket_type=self.types[name], starts_at=at, unit_amount=price
        )
        self.falls.append((name, at, price))

    def price(self, name: str, at: datetime) -> int:
        """What a ticket costs in all, worked out without the code under test."""
        base, fee, _ = TYPES[name]
        fallen = [
            unit for type_, since, unit in self.falls if type_ == name and since <= at
        ]
        net = Decimal(min([base, *fallen]) + fee)
        tax = (net * TAX_PERCENT / 100).quantize(Decimal(1), ROUND_HALF_UP)
        return int(net + tax)
