"""Where messages may go: found for some of them at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fcm_django.models import FCMDevice

from notifications.kinds import Kind
from notifications.models import Channel, Notification, Preference

Place = tuple[str, str]  # A channel, and the target there.


@dataclass(frozen=True, slots=True)
class Places:
    """The phones of some readers, and the channels that they switched off."""

    devices: dict[Any, dict[str, FCMDevice]]
    refused: dict[tuple[Any, str], set[str]]

    @classmethod
    def of(cls, messages: Sequence[Notification]) -> "Places":
        """Two queries, however many messages."""
        readers = {message.user_id for message in messages}
        devices: dict[Any, dict[str, FCMDevice]] = defaultdict(dict)
        refused: dict[tuple[Any, str], set[str]] = defaultdict(set)
        if readers:
            for device in FCMDevice.objects.filter(user__in=readers, active=True):
                target = sha256(device.registration_id.encode()).hexdigest()
                devices[device.user_id][target] = device
            off = Preference.objects.filter(user__in=readers, enabled=False)
            for user, kind, channel in off.values_list("user", "kind", "channel"):
                refused[user, kind].add(channel)
        return cls(devices, refused)

    def devices_of(self, message: Notification, kind: Kind) -> dict[str, FCMDevice]:
        """Its reader's phones, each by the target that a delivery names."""
        takes_pushes = Channel.PUSH in kind.channels
        return self.devices.get(message.user_id, {}) if takes_pushes else {}

    def wanted(self, message: Notification, kind: Kind) -> list[Place]:
        """Where it may go: what its kind allows and its reader left on."""
        refused = self.refused.get((message.user_id, kind.name), set())
        allowed = kind.channels - (refused - kind.required)
        places: list[Place] = [(Channel.EMAIL, "")] if Channel.EMAIL in allowed else []
        if Channel.PUSH in allowed:
            places += [(Channel.PUSH, t) for t in self.devices_of(message, kind)]
        return places
