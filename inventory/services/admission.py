"""Letting people in. Lock order: ticket."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from events.local_time import start_of_night
from events.models import Event, EventStatus, Membership
from inventory import codes
from inventory.instants import utc
from inventory.models import CheckIn, ScanFlag, Ticket, TicketStatus
from ticketapp.errors import Action, DomainError

# A scanner that was without network for longer was not at this event.
OLDEST_SCAN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Why a ticket does not admit: a code to switch on, and words for people."""

    code: str
    reason: str


RETURNED = NotAdmitted("returned", "it was taken back")
USED = NotAdmitted("already_checked_in", "somebody came in with it")
CANCELLED = NotAdmitted("event_cancelled", "the event is cancelled")

TICKET_AND_EVENT = ("pk", "ticket_type__event_id")
TicketIds = Collection[UUID] | QuerySet[Ticket, UUID]
AdmissionCheck = Callable[[TicketIds], Mapping[UUID, NotAdmitted]]
_checks: dict[str, AdmissionCheck] = {}


class UnknownTicket(DomainError):
    code = "unknown_ticket"
    title = "Unknown ticket."
    status = HTTPStatus.NOT_FOUND
    message = "This is not a ticket for this door. Do not let them in on it."
    action = Action.NONE


class TicketNotValid(DomainError):
    code = "ticket_not_valid"
    title = "This ticket does not admit."
    message = "This ticket does not admit: {reason}."
    action = Action.CONTACT_SUPPORT


class AlreadyCheckedIn(DomainError):
    code = "already_checked_in"
    title = "Already inside."
    message = "Somebody came in with this ticket at {first_at_local}{first_gate_text}."
    action = Action.NONE


class ScanIdReused(DomainError):
    code = "scan_id_reused"
    title = "This scan id belongs to another ticket."
    message = "This scan id was used for another ticket. Send a new one."
    action = Action.CHANGE_REQUEST


class ScanTimeOutOfRange(DomainError):
    code = "scan_time_out_of_range"
    title = "The time of this scan cannot be right."
    status = HTTPStatus.BAD_REQUEST
    message = "A scan is made before it is sent, and not days before."
    action = Action.CHANGE_REQUEST


def register_admission_check(name: str, check: AdmissionCheck) -> None:
    """Let an app above say which sold tickets must not admit just now, and why.

    `check` gets the ids of tickets, or a query of them. It runs at every scan, where
    the ticket is locked, and for every list of tickets, so it should be one indexed
    query.
    """
    _checks[name] = check


def not_admitted(tickets: Collection[Ticket]) -> dict[UUID, NotAdmitted]:
    """Those that the door turns away whichever night they come, and why.

    Load their events with them: then it is a query for each check.
    """
    sold = [ticket for ticket in tickets if ticket.status == TicketStatus.SOLD]
    found = {
        ticket.pk: CANCELLED
        for ticket in sold
        if ticket.ticket_type.event.status == EventStatus.CANCELLED
    }
    ids = [ticket.pk for ticket in sold]
    for check in _checks.values() if ids else ():
        found.update(check(ids))
    for ticket in tickets:
        if ticket.status == TicketStatus.CHECKED_IN:
            found[ticket.pk] = USED
        elif ticket.status != TicketStatus.SOLD:
            found[ticket.pk] = RETURNED
    return found


def revoked(events: Collection[Event]) -> dict[UUID, dict[UUID, NotAdmitted]]:
    """By event, all tickets whose codes are signed, but do not admit, and why.

    What a scanner without network has to know besides our public key: it says of
    each ticket what `not_admitted` does.
    """
    of_events = Ticket.objects.filter(ticket_type__event__in=events)
    sold = of_events.filter(status=TicketStatus.SOLD)
    cancelled = sold.filter(ticket_type__event__status=EventStatus.CANCELLED)
    found: dict[UUID, dict[UUID, NotAdmitted]] = {event.pk: {} for event in events}
    for ticket, event in cancelled.values_list(*TICKET_AND_EVENT):
        found[event][ticket] = CANCELLED
    turned_away: dict[UUID, NotAdmitted] = {}
    for check in _checks.values():
        turned_away |= check(sold.values_list("pk", flat=True))
    checked = of_events.filter(pk__in=turned_away)
    for ticket, event in checked.values_list(*TICKET_AND_EVENT):
        found[event][ticket] = turned_away[ticket]
    ended = {TicketStatus.CHECKED_IN.value: USED, TicketStatus.RETURNED.value: RETURNED}
    gone = of_events.filter(status__in=ended)
    for ticket, event, status in gone.values_list(*TICKET_AND_EVENT, "status"):
        found[event][ticket] = ended[status]
    return found


def admits_between(event: Event) -> tuple[datetime, datetime]:
    """The nights on which the door takes tickets of `event`: from, and until before."""
    first, last = event.nights
    zone = event.venue.zone
    return start_of_night(first, zone), start_of_night(last + timedelta(days=1), zone)


def check_in(
    *,
    code: str,
    staff: User,
    gate: str,
    now: datetime,
    scan_id: UUID | None = None,
    offline_at: datetime | None = None,
) -> CheckIn:
    """Admit the bearer of `code` once, at a venue where `staff` works.

    The first scan wins under a row lock; later ones are kept and raise
    AlreadyCheckedIn with when and where the first was. The same scan id gives the
    same answer again. Raises UnknownTicket or TicketNotValid.

    With `offline_at` the bearer was let in then, by a scanner without network
    (see `by_our_clock`): of all scans the earliest counts, and whoever else was
    let in on the ticket is flagged.
    """
    try:
        with transaction.atomic():
            ticket = _locked_ticket(code, staff)
            scan = _repeated(scan_id, ticket, offline=offline_at is not None)
            if scan is None:
                seen = _seen(ticket, staff, gate, offline_at or now, scan_id)
                scan = _judge(seen, offline=offline_at is not None)
    except IntegrityError as clash:  # Another ticket's scan has just taken the id.
        raise ScanIdReused from clash
    if scan.admitted:
        return scan
    if scan.flag == ScanFlag.NOT_VALID:
        reason = _why_not_valid(ticket, scan.scanned_at)
        raise TicketNotValid(reason=reason or "it did not then")
    raise _refusal(ticket)


def by_our_clock(*, scanned_at: datetime, sent_at: datetime, now: datetime) -> datetime:
    """When a scan was made, by a scanner whose clock may be wrong.

    Its clock tells how long ago that was; ours tells when it was sent. Raises
    ScanTimeOutOfRange for a time after the sending, or long ago.
    """
    ago = sent_at - scanned_at
    if not timedelta(0) <= ago <= OLDEST_SCAN:
        raise ScanTimeOutOfRange
    return now - ago


def _seen(
    ticket: Ticket, staff: User, gate: str, at: datetime, scan_id: UUID | None
) -> CheckIn:
    """A scan that nothing is decided about yet."""
    identity = {"id": scan_id} if scan_id else {}
    return CheckIn(
        ticket=ticket, staff=staff, gate=gate, scanned_at=at, admitted=False, **identity
    )


def _judge(scan: CheckIn, *, offline: bool) -> CheckIn:
    """Decide which scan of the ticket counts, and write it down."""
    ticket = scan.ticket
    if ticket.status == TicketStatus.CHECKED_IN:
        _judge_against_first(scan, offline=offline)
    elif reason := _why_not_valid(ticket, scan.scanned_at):
        if not offline:
            raise TicketNotValid(reason=reason)
        scan.flag = ScanFlag.NOT_VALID
    else:
        ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=scan.scanned_at)
        scan.admitted = True
    scan.save(force_insert=True)
    return scan


def _judge_against_first(scan: CheckIn, *, offline: bool) -> None:
    """Somebody came in before; unless this was earlier still, it is the second."""
    ticket, first = scan.ticket, _first_of(scan.ticket)
    if scan.scanned_at < first.scanned_at:
        first.admitted, first.flag = False, ScanFlag.LET_IN_TWICE
        first.save(update_fields=["admitted", "flag"])
        ticket.checked_in_at = scan.scanned_at
        ticket.save(update_fields=["checked_in_at"])
        scan.admitted = True
    else:
        scan.flag = ScanFlag.LET_IN_TWICE if offline else ScanFlag.AGAIN


def _first_of(ticket: Ticket) -> CheckIn:
    return CheckIn.objects.get(ticket=ticket, admitted=True)


def _locked_ticket(code: str, staff: User) -> Ticket:
    """A ticket never changes its event: a code for another one is not ours."""
    try:
        read = codes.read(code)
    except codes.InvalidCode as unreadable:
        raise UnknownTicket from unreadable
    tickets = Ticket.objects.select_related("ticket_type__event__venue", "hold__user")
    ticket = tickets.select_for_update(of=("self",)).filter(pk=read.ticket_id).first()
    if ticket is None or not read.is_for_event(ticket.ticket_type.event_id):
        raise UnknownTicket
    if not _works_at(staff, ticket.ticket_type.event.venue_id):
        raise UnknownTicket
    return ticket


def _works_at(staff: User, venue_id: UUID) -> bool:
    member = Membership.objects.filter(user=staff, venue=venue_id)
    return staff.is_superuser or member.exists()


def _repeated(scan_id: UUID | None, ticket: Ticket, *, offline: bool) -> CheckIn | None:
    scan = CheckIn.objects.filter(pk=scan_id).first() if scan_id else None
    if scan and scan.ticket_id != ticket.pk:
        raise ScanIdReused
    if scan and offline and scan.flag == ScanFlag.AGAIN:
        # Our refusal never came to the scanner, which let them in by its own list.
        scan.flag = ScanFlag.LET_IN_TWICE
        scan.save(update_fields=["flag"])
    return scan


def _why_not_valid(ticket: Ticket, at: datetime) -> str | None:
    """Why a ticket does not admit; None for one that does, or did."""
    why = not_admitted([ticket]).get(ticket.pk)
    if why and why != USED:
        return why.reason
    return _of_another_night(ticket.ticket_type.event, at)


def _of_another_night(event: Event, at: datetime) -> str | None:
    """A ticket scanned on a night that is not its event's would be used up in vain."""
    opens, closes = admits_between(event)
    if opens <= at < closes:
        return None
    return f"it is for {event.name} on {event.nights[0]:%d %B %Y}"


def _refusal(ticket: Ticket) -> AlreadyCheckedIn:
    first = _first_of(ticket)
    zone = ticket.ticket_type.event.venue.zone
    return AlreadyCheckedIn(
        first_at=utc(first.scanned_at),
        first_at_local=f"{first.scanned_at.astimezone(zone):%H:%M}",
        first_gate=first.gate,
        first_gate_text=f", {first.gate}" if first.gate else "",
    )
