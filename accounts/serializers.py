from rest_framework import serializers

from accounts.models import User


class MeSerializer(serializers.ModelSerializer):
    """The signed-in person."""

    class Meta:
        model = User
        fields = ["id", "email", "name", "is_staff", "show_viewer_counts"]
        read_only_fields = fields


class MeChangeSerializer(serializers.Serializer):
    """What is to change; at least one of them."""

    name = serializers.CharField(
        max_length=150, allow_blank=True, required=False, help_text="Read at the door."
    )
    show_viewer_counts = serializers.BooleanField(
        required=False,
        help_text=(
            "Off: your sockets are not told how many others are looking, from the "
            "next one that you open."
        ),
    )

    def validate(self, wanted: dict[str, object]) -> dict[str, object]:
        if not wanted:
            raise serializers.ValidationError("Say what to change.", "required")
        return wanted
