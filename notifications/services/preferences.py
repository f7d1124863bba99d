"""What a person wants to be told, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from notifications.kinds import all_kinds, kind_named
from notifications.models import Channel, Preference
from ticketapp.errors import Action, DomainError


class NotOptional(DomainError):
    code = "not_optional"
    title = "This message cannot be switched off."
    message = (
        "{label} by {channel} is part of what you agreed to when you bought, so it "
        "cannot be switched off. Nothing was changed."
    )
    action = Action.NONE


@dataclass(frozen=True)
class Choice:
    """One switch on the settings page."""

    kind: str
    label: str
    channel: str
    enabled: bool
    required: bool


@dataclass(frozen=True)
class Wish:
    """One switch that a person sets."""

    kind: str
    channel: str
    enabled: bool


def choices_of(*, user: User) -> list[Choice]:
    """Every switch there is for this person, as it stands; one query."""
    rows = Preference.objects.filter(user=user)
    switched = {(row.kind, row.channel): row.enabled for row in rows}
    return [
        Choice(
            kind=kind.name,
            label=kind.label,
            channel=channel,
            enabled=channel in kind.required
            or switched.get((kind.name, channel), True),
            required=channel in kind.required,
        )
        for kind in all_kinds()
        for channel in sorted(kind.channels)
    ]


@transaction.atomic
def set_preferences(*, user: User, wishes: Sequence[Wish]) -> None:
    """Set the named switches, all or none, and leave the others as they are."""
    for wish in wishes:
        kind = kind_named(wish.kind)
        if not wish.enabled and wish.channel in kind.required:
            label = Channel(wish.channel).label.lower()
            raise NotOptional(label=kind.label, channel=label)
    Preference.objects.bulk_create(
        [
            Preference(user=user, kind=w.kind, channel=w.channel, enabled=w.enabled)
            for w in wishes
        ],
        update_conflicts=True,
        unique_fields=["user", "kind", "channel"],
        update_fields=["enabled"],
    )
