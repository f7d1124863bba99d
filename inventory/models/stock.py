"""Stock: ticket types, tickets, holds, and what happened at the door."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from events.currencies import PATTERN as CURRENCY
from events.currencies import CurrencyField
from events.models import Event
from ticketapp.models import PublicModel, StatefulModel


class TicketTypeQuerySet(models.QuerySet["TicketType"]):
    def with_terms(self) -> Self:
        """Load what a price and a sales window are derived from, in two queries."""
        return self.select_related("event__venue").prefetch_related("price_steps")


class TicketType(PublicModel):
    """A price at an event: "Stalls", "Standing", "Rush".

    Amounts are in minor units of `currency`. The price before any fall is
    `unit_amount`; what a buyer pays is quoted by `inventory.pricing`.
    """

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="ticket_types"
    )
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    unit_amount = models.PositiveIntegerField(help_text="Price in minor units (pence).")
    fee_amount = models.PositiveIntegerField(
        default=0, help_text="Mandatory fee per ticket in minor units."
    )
    fee_name = models.CharField(
        max_length=80, blank=True, help_text='What the fee is for: "Booking fee".'
    )
    currency = CurrencyField(max_length=3, help_text="ISO 4217, such as GBP.")
    capacity = models.PositiveIntegerField(
        default=0, help_text="Tickets neither withdrawn nor returned."
    )
    floor_amount = models.PositiveIntegerField(
        null=True, blank=True, help_text="No price step goes below this."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TicketTypeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "name"],
                name="inventory_ticket_type_name_is_used_once_per_event",
            ),
            models.CheckConstraint(
                condition=Q(fee_amount=0) | ~Q(fee_name=""),
                name="inventory_ticket_type_fee_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(floor_amount__isnull=True)
                | Q(floor_amount__lte=F("unit_amount")),
                name="inventory_ticket_type_floor_is_not_above_the_price",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY),
                name="inventory_ticket_type_currency_is_three_capital_letters",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.event}"


class PriceStep(models.Model):
    """From `starts_at` on the price is `unit_amount`; the app shows it ahead."""

    ticket_type = models.ForeignKey(
        TicketType, on_delete=models.CASCADE, related_name="price_steps"
    )
    starts_at = models.DateTimeField()
    unit_amount = models.PositiveIntegerField(help_text="Minor units.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket_type", "starts_at"],
                name="inventory_price_step_is_one_per_instant",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_amount} from {self.starts_at}"


class HoldStatus(models.TextChoices):
    ACTIVE = "active"
    PAYING = "paying"
    CONVERTED = "converted"
    EXPIRED = "expired"
    RELEASED = "released"


LIVE_HOLD = (HoldStatus.ACTIVE, HoldStatus.PAYING)


class HoldQuerySet(models.QuerySet["Hold"]):
    def live(self) -> Self:
        return self.filter(status__in=LIVE_HOLD)

    def expired(self, now: datetime) -> Self:
        """Unpaid holds past their time; `paying` ones are swept by payments."""
        return self.filter(status=HoldStatus.ACTIVE, expires_at__lte=now)

    def with_terms(self) -> Self:
        """Load what is told of a hold, today's price included, in two queries."""
        rows = self.select_related("event__venue", "ticket_type__event__venue")
        return rows.prefetch_related("ticket_type__price_steps")


class Hold(PublicModel, StatefulModel):
    """Tickets set aside for one buyer, at a price that cannot rise.

    The quote (`unit_amount`, `fee_amount`, `tax_amount` per ticket and
    `total_amount` for all, in minor units of `currency`) stands until
    `expires_at`. While `paying`, `lease_until` tells how long the payment flow
    may keep the hold to itself.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        HoldStatus.ACTIVE: {
            HoldStatus.PAYING,
            HoldStatus.EXPIRED,
            HoldStatus.RELEASED,
        },
        HoldStatus.PAYING: {
            HoldStatus.ACTIVE,
            HoldStatus.CONVERTED,
            HoldStatus.EXPIRED,
            HoldStatus.RELEASED,
        },
        HoldStatus.CONVERTED: set(),
        HoldStatus.EXPIRED: set(),
        HoldStatus.RELEASED: set(),
    }

    # Found by buyer and event together (the index below). An index on the event
    # alone would be a trap: with no statistics yet, as on a fresh event, the
    # planner may walk all its holds to find one buyer's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="holds",
        db_index=False,
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="holds", db_index=False
    )
    ticket_type = models.ForeignKey(
        TicketType, on_delete=models.PROTECT, related_name="holds"
    )
    quantity = models.PositiveSmallIntegerField()
    status = models.CharField(
        max_length=20, choices=HoldStatus, default=HoldStatus.ACTIVE
    )
    unit_amount = models.PositiveIntegerField()
    fee_amount = models.PositiveIntegerField()
    tax_amount = models.PositiveIntegerField(
        help_text="Per ticket: inside the price or on top, as the venue sets it."
    )
    total_amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    freed_at = models.DateTimeField(
        null=True, blank=True, help_text="When tickets of it last went back on sale."
    )
    from_waitlist = models.BooleanField(
        default=False, db_default=False, help_text="An offer to somebody who waited."
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=HoldStatus.values),
                name="inventory_hold_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="inventory_hold_has_tickets"
            ),
            models.CheckConstraint(
                condition=~Q(status=HoldStatus.PAYING) | Q(lease_until__isnull=False),
                name="inventory_hold_has_a_lease_while_paying",
            ),
            models.UniqueConstraint(
                fields=["user", "event"],
                condition=Q(status__in=LIVE_HOLD),
                name="inventory_hold_is_one_live_per_buyer_and_event",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "event"], name="inventory_hold_of_a_buyer"),
            models.Index(
                fields=["expires_at"],
                condition=Q(status__in=LIVE_HOLD),
                name="inventory_hold_live",
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.pk}"


class TicketStatus(models.TextChoices):
    AVAILABLE = "available"
    HELD = "held"
    SOLD = "sold"
    CHECKED_IN = "checked_in"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


OWNED_TICKET = (TicketStatus.SOLD, TicketStatus.CHECKED_IN)
FREE_TICKET = (TicketStatus.AVAILABLE, TicketStatus.WITHDRAWN)
TAKEN_TICKET = (TicketStatus.HELD, *OWNED_TICKET)
NOT_FOR_SALE = (*TAKEN_TICKET, TicketStatus.RETURNED, TicketStatus.WITHDRAWN)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def available(self, ticket_type: TicketType) -> Self:
        return self.filter(ticket_type=ticket_type, status=TicketStatus.AVAILABLE)


class Ticket(PublicModel, StatefulModel):
    """One admission. The row is the stock: there is no counter to drift.

    `slot` is random and fixed at creation: holds start at a random slot, so
    that buyers spread over the rows and do not fight over the first one. A
    ticket that was sold is never sold again: a return retires this row and
    puts a fresh one in its place.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        TicketStatus.AVAILABLE: {TicketStatus.HELD, TicketStatus.WITHDRAWN},
        TicketStatus.HELD: {TicketStatus.AVAILABLE, TicketStatus.SOLD},
        TicketStatus.SOLD: {TicketStatus.CHECKED_IN, TicketStatus.RETURNED},
        TicketStatus.CHECKED_IN: set(),
        TicketStatus.RETURNED: set(),
        TicketStatus.WITHDRAWN: {TicketStatus.AVAILABLE},
    }

    ticket_type = models.ForeignKey(
        TicketType,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,  # The indexes below begin with it.
    )
    slot = models.IntegerField()
    hold = models.ForeignKey(
        Hold,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,  # Most rows have none: the partial index below.
    )
    status = models.CharField(
        max_length=20, choices=TicketStatus, default=TicketStatus.AVAILABLE
    )
    checked_in_at = models.DateTimeField(null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=TicketStatus.values),
                name="inventory_ticket_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FREE_TICKET, hold__isnull=True)
                | (~Q(status__in=FREE_TICKET) & Q(hold__isnull=False)),
                name="inventory_ticket_has_a_hold_unless_free",
            ),
            models.CheckConstraint(
                condition=Q(status=TicketStatus.CHECKED_IN, checked_in_at__isnull=False)
                | (~Q(status=TicketStatus.CHECKED_IN) & Q(checked_in_at__isnull=True)),
                name="inventory_ticket_checked_in_has_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ticket_type", "slot"],
                condition=Q(status=TicketStatus.AVAILABLE),
                name="inventory_ticket_available",
            ),
            models.Index(
                fields=["hold"],
                condition=Q(hold__isnull=False),
                name="inventory_ticket_of_a_hold",
            ),
            # Without the available ones, so that no plan ever picks stock from here.
            models.Index(
                fields=["ticket_type", "status"],
                condition=Q(status__in=NOT_FOR_SALE),
                name="inventory_ticket_by_status",
            ),
        ]

    def __str__(self) -> str:
        return f"Ticket {self.pk}"


class ScanFlag(models.TextChoices):
    """Why somebody should look at a scan that did not count."""

    NONE = "", "nothing"
    AGAIN = "again", "scanned again and refused"
    LET_IN_TWICE = "let_in_twice", "let in offline, with the ticket used elsewhere"
    NOT_VALID = "not_valid", "let in offline, with a ticket that does not admit"


class CheckIn(PublicModel):
    """One scan at the door. The id is the scanner's, so an upload can repeat.

    Of the scans of a ticket the earliest counts (`admitted`); the others are kept,
    with a flag. `scanned_at` is by our clock, also for a scan made offline.
    """

    ticket = models.ForeignKey(
        Ticket, on_delete=models.PROTECT, related_name="check_ins"
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="check_ins"
    )
    gate = models.CharField(max_length=80, blank=True)
    admitted = models.BooleanField()
    flag = models.CharField(
        max_length=20, choices=ScanFlag, default=ScanFlag.NONE, blank=True
    )
    scanned_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(admitted=True),
                name="inventory_check_in_admits_once",
            ),
            models.CheckConstraint(
                condition=Q(flag__in=ScanFlag.values),
                name="inventory_check_in_flag_is_known",
            ),
            models.CheckConstraint(
                condition=Q(admitted=True, flag=ScanFlag.NONE)
                | (Q(admitted=False) & ~Q(flag=ScanFlag.NONE)),
                name="inventory_check_in_that_did_not_count_has_a_flag",
            ),
        ]

    def __str__(self) -> str:
        return f"Scan of {self.ticket_id}"
