"""The shapes of the API about waiting: what is asked and, described, what is told."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from inventory.models import WaitlistReason, WaitlistStatus
from inventory.serializers.holds import WholeNumber
from inventory.serializers.shapes import (
    EventBriefSerializer,
    MoneySerializer,
    NamedSerializer,
    page_of,
)

NEEDED = "Say this as well when a card may be charged."


class MaximumSerializer(serializers.Serializer):
    amount = WholeNumber(
        min_value=0, max_value=2**31 - 1, help_text="In minor units: 2350 is £23.50."
    )
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217.")


class WaitRequestSerializer(serializers.Serializer):
    ticket_type = serializers.UUIDField()
    quantity = WholeNumber(
        min_value=1,
        max_value=settings.MAX_TICKETS_PER_HOLD,
        help_text="All of them together, or none.",
    )
    until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When to stop waiting; left out, as long as there is a point in it.",
    )
    max_total = MaximumSerializer(
        required=False,
        allow_null=True,
        default=None,
        help_text="For all tickets together, fees and taxes included.",
    )
    payment_method = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="A kept card that may be charged at once. Without: be told.",
    )
    consent_version = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=20,
        help_text="What the buyer has read and agreed to, from `consent`.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["payment_method"]:
            missing = [
                name for name in ("max_total", "consent_version") if not given[name]
            ]
            if missing:
                raise serializers.ValidationError({name: [NEEDED] for name in missing})
        return given


class WaitlistCardSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    brand = serializers.CharField()
    last4 = serializers.CharField()


class WaitlistChargeSerializer(serializers.Serializer):
    active = serializers.BooleanField(
        help_text="False: the card was removed, lost or has expired, or the date of "
        "the event has changed; the buyer is told."
    )
    card = WaitlistCardSerializer()
    max_total = MoneySerializer(help_text="The most that can be charged.")
    ends_at = serializers.DateTimeField()
    consent_version = serializers.CharField()


class WaitlistOfferSerializer(serializers.Serializer):
    hold = serializers.UUIDField(help_text="Go on to /checkout with it.")
    total = MoneySerializer()
    expires_at = serializers.DateTimeField()
    order = serializers.UUIDField(
        allow_null=True, help_text="There is one once a card was tried."
    )
    next_step = serializers.ChoiceField(
        [
            ("buy", "buy the tickets"),
            ("confirm", "confirm the payment of the order"),
            ("wait", "wait for the card to be charged"),
        ],
        help_text="`confirm`: the order has the bank's question in `next_action`.",
    )


class WaitlistEntrySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(WaitlistStatus.choices)
    reason = serializers.ChoiceField(
        WaitlistReason.choices,
        allow_null=True,
        help_text="Why it ended without tickets.",
    )
    event = EventBriefSerializer()
    ticket_type = NamedSerializer()
    quantity = serializers.IntegerField()
    max_total = MoneySerializer(allow_null=True)
    ahead = serializers.IntegerField(
        allow_null=True,
        help_text="How many wait in front; null when this does not wait.",
    )
    what_happens = serializers.CharField(
        help_text="What comes next and what can be charged, in a sentence to show."
    )
    charge = WaitlistChargeSerializer(
        allow_null=True, help_text="Null when the buyer is only told."
    )
    offer = WaitlistOfferSerializer(
        allow_null=True, help_text="Tickets that are set aside right now."
    )
    joined_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    server_time = serializers.DateTimeField(help_text="To count down from, not yours.")


class ConsentSerializer(serializers.Serializer):
    version = serializers.CharField()
    text = serializers.CharField(help_text="Show all of it before asking for a yes.")


WaitlistEntryPageSerializer = page_of(WaitlistEntrySerializer)
