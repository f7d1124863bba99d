"""The kinds of message there are, said by the apps that send them.

Every app above registers its kinds in a module `notices.py`, which is found as
admin modules are. This app carries messages without knowing what they mean, so
whoever knows brings the question to ask right before sending: is it still true?
"""

from collections.abc import Callable
from dataclasses import dataclass

from notifications.models import Channel, Notification

StillTrue = Callable[[Notification], bool]
ALL_CHANNELS = frozenset({Channel.EMAIL, Channel.PUSH})


@dataclass(frozen=True)
class Kind:
    """What is known of one kind of message.

    `required` are channels that a person cannot switch off, because the message
    is part of a deal (a receipt, a cancelled event).
    """

    name: str
    label: str
    channels: frozenset[str]
    required: frozenset[str]
    still_true: StillTrue | None


_kinds: dict[str, Kind] = {}


def register_kind(
    name: str,
    *,
    label: str,
    channels: frozenset[str] | set[str] = ALL_CHANNELS,
    required: frozenset[str] | set[str] = frozenset(),
    still_true: StillTrue | None = None,
) -> None:
    """Make `name` known. `label` is what people read beside the switches.

    `still_true` is asked right before sending, outside any transaction; a
    message that is not true any more is suppressed.
    """
    if not set(required) <= set(channels):
        raise ValueError(f"{name} requires a channel it is not sent on.")
    if name in _kinds:
        raise ValueError(f"The kind {name} is registered twice.")
    _kinds[name] = Kind(
        name, label, frozenset(channels), frozenset(required), still_true
    )


def kind_named(name: str) -> Kind:
    """Look a kind up; an unknown one is a bug, so it is a LookupError."""
    try:
        return _kinds[name]
    except KeyError:
        raise LookupError(
            f"No app has registered the notification kind {name!r} in its notices.py."
        ) from None


def all_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)
