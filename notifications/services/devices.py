"""The phones and browsers that pushes go to."""

from django.db import transaction
from fcm_django.models import FCMDevice

from accounts.models import User

MAX_DEVICES = 20


@transaction.atomic
def register_device(*, user: User, registration_id: str, type: str) -> FCMDevice:  # noqa: A002
    """Send the pushes of `user` to this device, and nobody else's any more.

    The token belongs to the app on the device; whoever signed in there last owns
    it. An account keeps its newest devices and forgets the rest.
    """
    device, _ = FCMDevice.objects.update_or_create(
        registration_id=registration_id,
        defaults={"user": user, "type": type, "active": True},
    )
    newest = FCMDevice.objects.filter(user=user).order_by("-id")
    surplus = newest.exclude(pk=device.pk).values("pk")[MAX_DEVICES - 1 :]
    FCMDevice.objects.filter(pk__in=list(surplus.values_list("pk", flat=True))).delete()
    return device


def forget_device(*, user: User, registration_id: str) -> bool:
    """Send nothing to this device any more; False if it was not the user's."""
    mine = FCMDevice.objects.filter(user=user, registration_id=registration_id)
    return bool(mine.delete()[0])
