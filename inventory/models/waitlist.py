"""Who waits for tickets that are not there yet."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery

from events.models import Event
from inventory.models.stock import OWNED_TICKET, Hold, HoldStatus, Ticket, TicketType
from ticketapp.models import PublicModel, StatefulModel


class Waitlist(models.Model):
    """The line for one ticket type; made when the first person joins it.

    Whatever puts tickets back on sale, matches or lets people in and out of the
    line locks this row first. `last_number` was given to the latest to join;
    `unsettled_at` is when a look last had to leave somebody to the next one.
    """

    ticket_type = models.OneToOneField(
        TicketType, on_delete=models.PROTECT, primary_key=True, related_name="waitlist"
    )
    last_number = models.PositiveIntegerField(default=0)
    unsettled_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when somebody could not be looked at."
    )

    def __str__(self) -> str:
        return f"Waitlist of {self.ticket_type_id}"


class WaitlistStatus(models.TextChoices):
    WAITING = "waiting"
    OFFERED = "offered"
    PURCHASED = "purchased"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class WaitlistReason(models.TextChoices):
    """Why an entry came to its end without tickets, or waits once more."""

    OFFER_LAPSED = "offer_lapsed", "the offer ran out"
    OFFER_RELEASED = "offer_released", "the tickets were let go"
    CARD_DECLINED = "card_declined", "the card was declined"
    NOT_AUTHENTICATED = "not_authenticated", "the payment was not confirmed in time"
    OUR_FAULT = "our_fault", "the offer failed through no fault of theirs"
    PAST_ITS_TIME = "past_its_time", "nothing came free in time"
    EVENT_CLOSED = "event_closed", "the event takes no buyers any more"
    BOUGHT_ANOTHER_WAY = "bought_another_way", "the buyer has tickets"
    TOO_MANY = "too_many", "a buyer cannot have so many any more"


LIVE_ENTRY = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
SERVED_ENTRY = (WaitlistStatus.OFFERED, WaitlistStatus.PURCHASED)


def _owned_tickets() -> models.QuerySet[Ticket]:
    """Those that the person of an entry has bought for its event."""
    return Ticket.objects.filter(
        hold__user=OuterRef("user"),
        hold__event=OuterRef("event"),
        hold__status=HoldStatus.CONVERTED,
        status__in=OWNED_TICKET,
    )


def _how_many(tickets: models.QuerySet[Ticket]) -> Subquery:
    counted = tickets.order_by().annotate(count=Func(F("pk"), function="count"))
    return Subquery(counted.values("count"), output_field=models.IntegerField())


class WaitlistEntryQuerySet(models.QuerySet["WaitlistEntry"]):
    def live(self) -> Self:
        return self.filter(status__in=LIVE_ENTRY)

    def waiting(self) -> Self:
        return self.filter(status=WaitlistStatus.WAITING)

    def with_ahead(self) -> Self:
        """Add `ahead`: how many entries wait in front of each; null if it does not."""
        before = (
            WaitlistEntry.objects.waiting()
            .filter(ticket_type=OuterRef("ticket_type"), number__lt=OuterRef("number"))
            .order_by()
            .annotate(count=Func(F("pk"), function="count"))
        )
        counted = Subquery(before.values("count"), output_field=models.IntegerField())
        return self.annotate(
            ahead=models.Case(
                models.When(status=WaitlistStatus.WAITING, then=counted),
                output_field=models.IntegerField(null=True),
            )
        )

    def bought_another_way(self) -> Self:
        """Whose person has tickets for the event that they had not when they joined.

        Of entries from before those were kept, only how many they were is known.
        """
        own = _owned_tickets()
        place = Func(
            OuterRef("had_at_joining"),
            F("pk"),
            function="array_position",
            output_field=models.IntegerField(),
        )
        others = Exists(own.annotate(place=place).filter(place=None))
        more = Q(had_at_joining=None, owned__gt=F("owned_at_joining"))
        return self.annotate(owned=_how_many(own)).filter(
            more | Q(others, had_at_joining__isnull=False)
        )

    def too_large(self) -> Self:
        """Who wants more than there are of the type, or than a buyer may have now."""
        return self.annotate(owned=_how_many(_owned_tickets())).filter(
            Q(quantity__gt=F("ticket_type__capacity"))
            | Q(event__per_buyer_limit__lt=F("quantity") + F("owned"))
        )

    def with_empty_hands(self, now: datetime) -> Self:
        """Whose person holds nothing at the event: only they can be offered more.

        A hold that has lapsed is none, although it is not swept yet.
        """
        live = Hold.objects.live().exclude(
            status=HoldStatus.ACTIVE, expires_at__lte=now
        )
        own = live.filter(user=OuterRef("user"), event=OuterRef("event"))
        return self.filter(~Exists(own))

    def past_their_time(self, now: datetime) -> Self:
        return self.filter(ends_at__lte=now)


class WaitlistEntry(PublicModel, StatefulModel):
    """One person's wish for tickets of a type, in the order of `number`.

    With `charges_card` the buyer has given a mandate (which `payments` keeps)
    and is charged as soon as tickets are set aside; without, they are told and
    buy by hand. Never above `max_total_amount` for the whole group, in minor
    units of `currency`. `hold` is the latest offer.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        WaitlistStatus.WAITING: {
            WaitlistStatus.OFFERED,
            WaitlistStatus.WITHDRAWN,
            WaitlistStatus.ENDED,
        },
        WaitlistStatus.OFFERED: {
            WaitlistStatus.WAITING,
            WaitlistStatus.PURCHASED,
            WaitlistStatus.PASSED,
            WaitlistStatus.WITHDRAWN,
            WaitlistStatus.ENDED,
        },
        WaitlistStatus.PURCHASED: set(),
        WaitlistStatus.PASSED: set(),
        WaitlistStatus.WITHDRAWN: set(),
        WaitlistStatus.ENDED: set(),
    }

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="waitlist_entries",
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="waitlist_entries"
    )
    ticket_type = models.ForeignKey(
        TicketType,
        on_delete=models.PROTECT,
        related_name="waitlist_entries",
        db_index=False,  # The unique number below begins with it.
    )
    number = models.PositiveIntegerField(help_text="The place given at joining.")
    quantity = models.PositiveSmallIntegerField()
    owned_at_joining = models.PositiveSmallIntegerField(
        default=0, help_text="Tickets for the event the buyer had on joining."
    )
    had_at_joining = ArrayField(
        models.UUIDField(),
        null=True,
        blank=True,
        editable=False,
        help_text="Which tickets these were.",
    )
    max_total_amount = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    charges_card = models.BooleanField(default=False)
    status = models.CharField(
        max_length=20, choices=WaitlistStatus, default=WaitlistStatus.WAITING
    )
    reason = models.CharField(max_length=30, choices=WaitlistReason, blank=True)
    hold = models.OneToOneField(
        Hold,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="waitlist_entry",
    )
    joined_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    charge_began_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=WaitlistStatus.values),
                name="inventory_waitlist_entry_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1),
                name="inventory_waitlist_entry_wants_tickets",
            ),
            models.CheckConstraint(
                condition=Q(charges_card=False) | Q(max_total_amount__isnull=False),
                name="inventory_waitlist_entry_charges_up_to_a_maximum",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=SERVED_ENTRY) | Q(hold__isnull=False),
                name="inventory_waitlist_entry_has_a_hold_once_offered",
            ),
            models.CheckConstraint(
                condition=~Q(status=WaitlistStatus.WAITING) | Q(hold__isnull=True),
                name="inventory_waitlist_entry_has_no_hold_while_waiting",
            ),
            models.CheckConstraint(
                condition=Q(joined_at__lt=F("ends_at")),
                name="inventory_waitlist_entry_ends_after_it_began",
            ),
            models.UniqueConstraint(
                fields=["ticket_type", "number"],
                name="inventory_waitlist_entry_number_is_given_once",
            ),
            models.UniqueConstraint(
                fields=["user", "ticket_type"],
                condition=Q(status__in=LIVE_ENTRY),
                name="inventory_waitlist_entry_is_one_live_per_buyer_and_type",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ticket_type", "number"],
                condition=Q(status=WaitlistStatus.WAITING),
                name="inventory_waitlist_waiting",
            ),
            models.Index(
                fields=["ends_at"],
                condition=Q(status__in=LIVE_ENTRY),
                name="inventory_waitlist_live",
            ),
        ]

    def __str__(self) -> str:
        return f"Waitlist entry {self.pk}"
