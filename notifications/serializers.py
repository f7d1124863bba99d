from fcm_django.models import DeviceType, FCMDevice
from rest_framework import serializers

from notifications.kinds import all_kinds
from notifications.models import Channel, Notification
from ticketapp.api import QueryParams

MAX_SWITCHES = 200
TOKEN = "[A-Za-z0-9:._=~-]{1,1000}"


class NotificationSerializer(serializers.ModelSerializer):
    """A message in the inbox; `link` is a path in the app, or empty."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "body", "link", "sent_at", "read_at"]
        read_only_fields = fields


class InboxParams(QueryParams):
    unread = serializers.BooleanField(
        required=False, help_text="Only those that were not opened, or only the others."
    )


class DeviceRequestSerializer(serializers.Serializer):
    registration_id = serializers.RegexField(
        rf"^{TOKEN}\Z", help_text="The token that Firebase gave the app."
    )
    type = serializers.ChoiceField(choices=DeviceType.choices)


class DeviceSerializer(serializers.ModelSerializer):
    """A device that gets pushes."""

    class Meta:
        model = FCMDevice
        fields = ["registration_id", "type"]
        read_only_fields = fields


class ChoiceSerializer(serializers.Serializer):
    """One switch: whether a kind of message comes by a channel."""

    kind = serializers.CharField()
    label = serializers.CharField(help_text="For people.")
    channel = serializers.ChoiceField(choices=Channel.choices)
    enabled = serializers.BooleanField()
    required = serializers.BooleanField(help_text="Cannot be switched off.")


class PreferencesSerializer(serializers.Serializer):
    preferences = ChoiceSerializer(many=True)


class WishSerializer(serializers.Serializer):
    kind = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    enabled = serializers.BooleanField()

    def validate(self, wish: dict) -> dict:
        known = {kind.name: kind for kind in all_kinds()}
        if wish["kind"] not in known:
            raise serializers.ValidationError({"kind": "There is no such message."})
        if wish["channel"] not in known[wish["kind"]].channels:
            raise serializers.ValidationError(
                {"channel": "This message does not come that way."}
            )
        return wish


class WishesSerializer(serializers.Serializer):
    preferences = WishSerializer(many=True, max_length=MAX_SWITCHES)

    def validate_preferences(self, wishes: list[dict]) -> list[dict]:
        named = {(wish["kind"], wish["channel"]) for wish in wishes}
        if len(named) < len(wishes):
            raise serializers.ValidationError("Name each switch once.")
        return wishes
