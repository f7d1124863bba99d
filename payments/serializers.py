"""The shapes of the API about money: what is asked and, for its description, told."""

from rest_framework import serializers

from inventory.models import HoldStatus
from inventory.serializers.shapes import (
    EventBriefSerializer,
    FeeSerializer,
    MoneySerializer,
    NamedSerializer,
    TaxSerializer,
    page_of,
)
from payments.models import (
    TAKEN_BY_THE_BANK,
    CardSetupStatus,
    OrderStatus,
    PaymentStatus,
    RefundReason,
    RefundStatus,
)
from ticketapp.api import Body
from ticketapp.errors import Action

PROVIDERS = [("sandbox", "sandbox"), ("stripe", "stripe")]


class CardChoiceSerializer(Body):
    payment_method = serializers.CharField(
        max_length=255,
        help_text="From the card form (`pm_…`), or the id of a kept card.",
    )


class TrueOrFalse(serializers.BooleanField):
    """A JSON boolean: consent is not guessed from a word."""

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Say true or false.")
        return data


class SaveCardSerializer(Body):
    save_card = TrueOrFalse(
        required=False,
        default=False,
        help_text="The buyer agreed to have this card kept.",
    )


class PayRequestSerializer(SaveCardSerializer, CardChoiceSerializer):
    """Another card for a pending order."""


class OrderRequestSerializer(SaveCardSerializer):
    hold = serializers.UUIDField()
    payment_method = serializers.CharField(
        max_length=255,
        required=False,
        allow_null=True,
        default=None,
        help_text="As for `pay`; left out when the tickets are free.",
    )


class OrderLineSerializer(serializers.Serializer):
    ticket = serializers.UUIDField()
    unit = MoneySerializer()
    fee = FeeSerializer()
    tax = TaxSerializer()
    total = MoneySerializer()
    returned = serializers.BooleanField()


class NextActionSerializer(serializers.Serializer):
    type = serializers.CharField(help_text="redirect_to_url or use_stripe_sdk.")
    url = serializers.CharField(
        allow_null=True, help_text="The bank's page, to be shown to the buyer."
    )


class DeclineSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField(help_text="For the person, as it is.")
    action = serializers.ChoiceField(
        [str(action) for action in Action],
        help_text="What the person can do now, as in a problem.",
    )
    charged = serializers.BooleanField(help_text="Always false: no money moved.")


class OrderPaymentSerializer(serializers.Serializer):
    status = serializers.ChoiceField(PaymentStatus.choices)
    provider = serializers.ChoiceField(PROVIDERS)
    client_secret = serializers.CharField(allow_null=True)
    next_action = NextActionSerializer(allow_null=True)
    decline = DeclineSerializer(allow_null=True)


class OrderHoldSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(HoldStatus.choices)
    expires_at = serializers.DateTimeField()


class OrderRefundSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    amount = MoneySerializer()
    status = serializers.ChoiceField(RefundStatus.choices)
    replaced = serializers.BooleanField(
        help_text="It failed, and other refunds give all of the payment back."
    )
    reason = serializers.ChoiceField(RefundReason.choices)
    created_at = serializers.DateTimeField()


class OrderSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="Short, to be read aloud.")
    status = serializers.ChoiceField(OrderStatus.choices)
    event = EventBriefSerializer()
    ticket_type = NamedSerializer()
    quantity = serializers.IntegerField()
    total = MoneySerializer()
    lines = OrderLineSerializer(many=True)
    payment = OrderPaymentSerializer(allow_null=True)
    hold = OrderHoldSerializer()
    can_hand_back = serializers.BooleanField(
        help_text=(
            "The event is postponed, or moved to another date since this was ordered: "
            "`refund` gives it back."
        )
    )
    refunds = OrderRefundSerializer(many=True)
    dispute = serializers.ChoiceField(
        [(s.value, s.label) for s in TAKEN_BY_THE_BANK],
        allow_null=True,
        help_text="The bank asks the payment back, or has taken it: the tickets that "
        "are not used do not admit.",
    )
    tickets = serializers.ListField(child=serializers.UUIDField())
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    server_time = serializers.DateTimeField()


class TestCardSerializer(serializers.Serializer):
    number = serializers.CharField()
    label = serializers.CharField()


class PaymentsConfigSerializer(serializers.Serializer):
    provider = serializers.ChoiceField(PROVIDERS)
    publishable_key = serializers.CharField()
    tokenize_url = serializers.CharField(
        allow_null=True, help_text="Where the sandbox's card form sends the card."
    )
    test_cards = TestCardSerializer(many=True)


class SavedCardSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()
    expired = serializers.BooleanField()
    usable = serializers.BooleanField(
        help_text="False: it has expired, or the payment provider does not have it "
        "any more. Offer to add it again."
    )
    is_default = serializers.BooleanField()


class CardSetupSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(CardSetupStatus.choices)
    provider = serializers.ChoiceField(PROVIDERS)
    client_secret = serializers.CharField(allow_null=True)
    next_action = NextActionSerializer(allow_null=True)
    decline = DeclineSerializer(
        allow_null=True, help_text="Null too where one that failed was never refused."
    )
    card = serializers.UUIDField(allow_null=True)


class WebhookAnswerSerializer(serializers.Serializer):
    received = serializers.BooleanField()


OrderPageSerializer = page_of(OrderSerializer)
SavedCardPageSerializer = page_of(SavedCardSerializer)
