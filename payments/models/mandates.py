"""What buyers allow us to charge while they are not there."""

from django.db import models
from django.db.models import Q

from events.models import Event
from inventory.models import WaitlistEntry
from payments.models.cards import SavedCard
from ticketapp.models import PublicModel


class Mandate(PublicModel):
    """Leave to charge one card once, for one waitlist entry, within these limits.

    Written with the entry and never changed: `max_total_amount` is for all of
    `quantity` tickets, fees and taxes included, in minor units of `currency`.
    The words that were agreed to are kept in `consent` by their version.
    It is for the event as it was to take place then, `starts_at` and `local_date`;
    those from before this was kept have neither. The only exceptions: `lease_until`
    keeps workers apart, and `refusals` are of the provider, for no fault of the card.
    """

    entry = models.OneToOneField(
        WaitlistEntry, on_delete=models.PROTECT, related_name="mandate"
    )
    card = models.ForeignKey(
        SavedCard, on_delete=models.PROTECT, related_name="mandates"
    )
    quantity = models.PositiveSmallIntegerField()
    max_total_amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    ends_at = models.DateTimeField()
    starts_at = models.DateTimeField(null=True, blank=True)
    local_date = models.DateField(null=True, blank=True)
    consent_version = models.CharField(max_length=20)
    consented_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="payments_mandate_is_for_tickets"
            ),
            models.CheckConstraint(
                condition=~Q(consent_version=""),
                name="payments_mandate_names_what_was_agreed_to",
            ),
        ]

    def __str__(self) -> str:
        return f"Mandate {self.pk}"

    def is_for(self, event: Event) -> bool:
        """Whether the event takes place when the buyer agreed to it."""
        agreed = (self.starts_at, self.local_date)
        return self.local_date is None or agreed == (event.starts_at, event.local_date)
