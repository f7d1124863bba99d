"""What this app tells people by itself, and whether it is still true."""

from datetime import datetime

from django.utils import timezone

from inventory.models import Hold, HoldStatus, WaitlistEntry, WaitlistReason
from notifications import services as notifications
from notifications.models import Channel, Notification

OFFER = "waitlist_offer"
ENDED = "waitlist_ended"


def offer_is_open(notification: Notification) -> bool:
    """Nobody is called to tickets that are bought, let go or past their time."""
    open_holds = Hold.objects.filter(
        status=HoldStatus.ACTIVE, expires_at__gt=timezone.now()
    )
    return open_holds.filter(pk=notification.payload["hold"]).exists()


notifications.register_kind(
    OFFER, label="Tickets set aside for you from a waitlist", still_true=offer_is_open
)
notifications.register_kind(
    ENDED,
    label="A waitlist that ended without tickets",
    channels={Channel.PUSH},
)


def tell_of_offer(
    entry: WaitlistEntry, hold: Hold, now: datetime, why: str = ""
) -> None:
    """Say to somebody without a mandate that they can buy, and until when."""
    until = hold.expires_at.astimezone(hold.event.venue.zone)
    notifications.enqueue(
        user=entry.user,
        kind=OFFER,
        dedupe_key=f"{OFFER}:{hold.pk}",
        title=f"Your tickets for {hold.event.name}",
        body=(
            f"{_tickets(entry)} came free and {_are(entry)} held for you until "
            f"{until:%H:%M}. Buy by then, or {_go(entry)} to the next in line. {why}"
        ).strip(),
        link=f"/checkout/{hold.pk}",
        payload={"hold": str(hold.pk), "waitlist_entry": str(entry.pk)},
        ttl=hold.expires_at - now,
        now=now,
    )


def tell_of_end(entry: WaitlistEntry, now: datetime) -> None:
    """Say that nothing came of it, so that nobody goes on hoping."""
    why = (
        f"Nothing came free for you ({_tickets(entry)}) while you were on the waitlist."
    )
    if entry.reason == WaitlistReason.EVENT_CLOSED:
        why = f"{entry.event.name} takes no buyers any more, so its waitlist has ended."
    elif entry.reason == WaitlistReason.TOO_MANY:
        why = f"A buyer cannot have {_tickets(entry)} any more."
    notifications.enqueue(
        user=entry.user,
        kind=ENDED,
        dedupe_key=f"{ENDED}:{entry.pk}",
        title=f"No tickets for {entry.event.name}",
        body=f"{why} You have not been charged.",
        link=f"/events/{entry.event_id}",
        payload={"waitlist_entry": str(entry.pk)},
        now=now,
    )


def _tickets(entry: WaitlistEntry) -> str:
    plural = "" if entry.quantity == 1 else "s"
    return f"{entry.quantity} {entry.ticket_type.name} ticket{plural}"


def _are(entry: WaitlistEntry) -> str:
    return "is" if entry.quantity == 1 else "are"


def _go(entry: WaitlistEntry) -> str:
    return "it goes" if entry.quantity == 1 else "they go"
