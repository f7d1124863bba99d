"""Asking for tickets, and the holds and tickets one has."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from inventory.models import HoldStatus, TicketStatus
from inventory.serializers.shapes import (
    EventBriefSerializer,
    MoneySerializer,
    NamedSerializer,
    PriceSerializer,
    page_of,
)
from ticketapp.api import Body


class WholeNumber(serializers.IntegerField):
    """A JSON integer: 2.0, "2" and true are none."""

    def to_internal_value(self, data: object) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class HoldRequestSerializer(Body):
    ticket_type = serializers.UUIDField()
    quantity = WholeNumber(min_value=1, max_value=settings.MAX_TICKETS_PER_HOLD)


class HoldSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(HoldStatus.choices)
    event = EventBriefSerializer()
    ticket_type = NamedSerializer()
    quantity = serializers.IntegerField()
    price = PriceSerializer(
        help_text="Of one ticket, as it would be paid now: as it was when they were "
        "held, or lower if the price fell since. It never rises."
    )
    total = MoneySerializer(help_text="Of all tickets, everything included.")
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    server_time = serializers.DateTimeField(help_text="To count down from, not yours.")
    order = serializers.UUIDField(allow_null=True)


class OrderRefSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    reference = serializers.CharField()


class NotAdmittedSerializer(serializers.Serializer):
    code = serializers.CharField(
        help_text="`payment_disputed`: the bank asks the payment back. "
        "`payment_lost`: it got it back. `event_cancelled`, `already_checked_in` "
        "or `returned`: as they say."
    )
    message = serializers.CharField(help_text="For the person, as it is.")


class TicketSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(
        [
            (s.value, s.label)
            for s in TicketStatus
            if s in ("sold", "checked_in", "returned")
        ]
    )
    event = EventBriefSerializer()
    ticket_type = NamedSerializer()
    total = MoneySerializer(help_text="What it cost, everything included.")
    order = OrderRefSerializer(allow_null=True)
    holder = serializers.CharField()
    code = serializers.CharField(help_text="What the QR code says.")
    qr_svg = serializers.CharField(help_text="The QR code, to be shown on white.")
    checked_in_at = serializers.DateTimeField(allow_null=True)
    admits = serializers.BooleanField(
        help_text="False: the door turns it away, on whichever night."
    )
    not_admitted = NotAdmittedSerializer(allow_null=True, help_text="Why it does not.")


class CheckInRequestSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=200)
    scan_id = serializers.UUIDField(
        required=False, help_text="Yours, so that a scan may be sent twice."
    )
    gate = serializers.CharField(max_length=80, required=False, default="")
    scanned_at = serializers.DateTimeField(
        required=False,
        help_text="For a scan made offline: when, by the scanner's clock. Then "
        "`scan_id` and `sent_at` are needed too.",
    )
    sent_at = serializers.DateTimeField(
        required=False,
        help_text="The scanner's clock at the sending, so that ours can correct it.",
    )

    def validate(self, scan: dict[str, Any]) -> dict[str, Any]:
        given = {"scanned_at", "sent_at"} & set(scan)
        if given:
            missing = {"scanned_at", "sent_at", "scan_id"} - set(scan)
            needed = "A scan made offline needs scan_id, scanned_at and sent_at."
            if missing:
                raise serializers.ValidationError({name: [needed] for name in missing})
        return scan


class AdmittedTicketSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    ticket_type = NamedSerializer()
    holder = serializers.CharField()


class CheckInSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    admitted = serializers.BooleanField()
    ticket = AdmittedTicketSerializer()
    event = NamedSerializer()
    scanned_at = serializers.DateTimeField()


class RevokedTicketsSerializer(NotAdmittedSerializer):
    tickets = serializers.ListField(
        child=serializers.UUIDField(), help_text="Their ids, as in their codes."
    )


class RevocationsSerializer(serializers.Serializer):
    event = EventBriefSerializer()
    code_key = serializers.CharField(
        help_text="The Ed25519 public key, 32 bytes as base64, that codes verify with."
    )
    admits_from = serializers.DateTimeField()
    admits_until = serializers.DateTimeField(help_text="From then on they do not.")
    revoked = RevokedTicketsSerializer(many=True, help_text="By reason.")


RevocationsPageSerializer = page_of(RevocationsSerializer)


HoldPageSerializer = page_of(HoldSerializer)
TicketPageSerializer = page_of(TicketSerializer)
