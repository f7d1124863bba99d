"""What a buyer orders: an order, and a line per ticket once it is settled."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from events.models import Event
from inventory.models import Hold, Ticket
from payments.models.keys import new_reference
from ticketapp.models import PublicModel, StatefulModel


class OrderStatus(models.TextChoices):
    PENDING = "pending"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


PAID_ORDER = (OrderStatus.PAID, OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED)


class Order(PublicModel, StatefulModel):
    """A buyer's promise to pay for the tickets of one hold.

    Until it is settled the hold's quote stands; the lines are written then. A
    late success is honoured on a new hold, which takes the place of the old.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        OrderStatus.PENDING: {OrderStatus.PAID, OrderStatus.CANCELLED},
        OrderStatus.PAID: {OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED},
        OrderStatus.PARTLY_REFUNDED: {OrderStatus.REFUNDED},
        OrderStatus.REFUNDED: set(),
        OrderStatus.CANCELLED: {OrderStatus.PAID},
    }

    reference = models.CharField(max_length=8, unique=True, default=new_reference)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="orders",
        db_index=False,  # `payments_order_mine` begins with it.
    )
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="orders")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="order")
    amount = models.PositiveIntegerField(help_text="Total in minor units.")
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=20, choices=OrderStatus, default=OrderStatus.PENDING
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    told_postponed_for = models.DateField(
        null=True,
        blank=True,
        help_text="The poster's date that the buyer was told does not hold.",
    )
    told_retimed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Of the event, when its buyer was told the start that it then had.",
    )

    class Meta:
        permissions = [("refund_order", "Can refund orders")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OrderStatus.values),
                name="payments_order_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=False) | ~Q(status__in=PAID_ORDER),
                name="payments_order_paid_at_is_set_once_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_order_mine"),
        ]

    def __str__(self) -> str:
        return self.reference


class OrderLine(models.Model):
    """One ticket of a settled order, with what was paid for it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    ticket = models.OneToOneField(
        Ticket, on_delete=models.PROTECT, related_name="order_line"
    )
    unit_amount = models.PositiveIntegerField()
    fee_amount = models.PositiveIntegerField()
    tax_amount = models.PositiveIntegerField()
    total_amount = models.PositiveIntegerField()
    returned_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.order} ticket {self.ticket_id}"
