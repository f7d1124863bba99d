"""Limits above the ticket types, and decisions to go beyond one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from events.models import Event
from inventory.models.stock import TicketType
from ticketapp.models import PublicModel


class StockCap(PublicModel):
    """So many of several ticket types together: a section, or the whole house.

    It keeps no count. Whoever takes tickets locks this row first and counts
    what is taken; only types that share a cap pay for that.
    """

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="stock_caps"
    )
    name = models.CharField(max_length=100)
    capacity = models.PositiveIntegerField(
        help_text="Tickets of these types that may be held or sold together."
    )
    types = models.ManyToManyField(TicketType, related_name="caps")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "shared cap"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "name"],
                name="inventory_stock_cap_name_is_used_once_per_event",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.event}"


class Override(models.Model):
    """Somebody set a limit below what was taken, knowing it: it is overbooked.

    It is open until no more is taken than the limit allows.
    """

    ticket_type = models.ForeignKey(
        TicketType,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="overrides",
    )
    cap = models.ForeignKey(
        StockCap,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="overrides",
    )
    capacity = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(help_text="At the time of the decision.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="overrides_made",
    )
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ticket_type__isnull=False, cap__isnull=True)
                | Q(ticket_type__isnull=True, cap__isnull=False),
                name="inventory_override_is_of_a_type_or_a_cap",
            ),
            models.CheckConstraint(
                condition=Q(taken__gt=models.F("capacity")),
                name="inventory_override_is_below_what_was_taken",
            ),
            models.UniqueConstraint(
                fields=["ticket_type"],
                condition=Q(closed_at__isnull=True),
                name="inventory_override_is_one_open_per_type",
            ),
            models.UniqueConstraint(
                fields=["cap"],
                condition=Q(closed_at__isnull=True),
                name="inventory_override_is_one_open_per_cap",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_type or self.cap}: {self.capacity} for {self.taken}"
