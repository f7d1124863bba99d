from rest_framework import serializers

from accounts.models import User


class MeSerializer(serializers.ModelSerializer):
    """The signed-in person."""

    class Meta:
        model = User
        fields = ["id", "email", "name", "is_staff"]
        read_only_fields = fields


class MeChangeSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=150, allow_blank=True)
