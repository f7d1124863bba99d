"""Letting people in. Lock order: ticket."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from django.db import transaction

from accounts.models import User
from events.models import EventStatus, Membership
from inventory import codes
from inventory.instants import utc
from inventory.models import CheckIn, Ticket, TicketStatus
from ticketapp.errors import Action, DomainError

AdmissionCheck = Callable[[Ticket], str | None]
_checks: dict[str, AdmissionCheck] = {}


class UnknownTicket(DomainError):
    code = "unknown_ticket"
    title = "Unknown ticket."
    status = HTTPStatus.NOT_FOUND
    message = "This is not a ticket for this door. Do not let them in on it."


class TicketNotValid(DomainError):
    code = "ticket_not_valid"
    title = "This ticket does not admit."
    message = "This ticket does not admit: {reason}."
    action = Action.CONTACT_SUPPORT


class AlreadyCheckedIn(DomainError):
    code = "already_checked_in"
    title = "Already inside."
    message = "Somebody came in with this ticket at {first_at_local}{first_gate_text}."


class ScanIdReused(DomainError):
    code = "scan_id_reused"
    title = "This scan id belongs to another ticket."
    message = "This scan id was used for another ticket. Send a new one."


def register_admission_check(name: str, check: AdmissionCheck) -> None:
    """Let an app above say why a sold ticket must not admit just now.

    `check` gets the locked ticket and returns the reason, or None. It runs at
    every scan, so it should be one indexed query.
    """
    _checks[name] = check


def check_in(
    *,
    code: str,
    staff: User,
    gate: str,
    now: datetime,
    scan_id: UUID | None = None,
) -> CheckIn:
    """Admit the bearer of `code` once, at a venue where `staff` works.

    The first scan wins under a row lock; later ones are kept as refused and
    raise AlreadyCheckedIn with when and where the first was. The same scan id
    gives the same answer again. Raises UnknownTicket or TicketNotValid.
    """
    with transaction.atomic():
        ticket = _locked_ticket(code, staff)
        scan = _repeated(scan_id, ticket) or _scan(ticket, staff, gate, now, scan_id)
    if scan.admitted:
        return scan
    raise _refusal(ticket)


def _locked_ticket(code: str, staff: User) -> Ticket:
    try:
        ticket_id = codes.read(code).ticket_id
    except codes.InvalidCode as unreadable:
        raise UnknownTicket from unreadable
    tickets = Ticket.objects.select_related("ticket_type__event__venue", "hold__user")
    ticket = tickets.select_for_update(of=("self",)).filter(pk=ticket_id).first()
    if ticket is None or not _works_at(staff, ticket.ticket_type.event.venue_id):
        raise UnknownTicket
    return ticket


def _works_at(staff: User, venue_id: UUID) -> bool:
    member = Membership.objects.filter(user=staff, venue=venue_id)
    return staff.is_superuser or member.exists()


def _repeated(scan_id: UUID | None, ticket: Ticket) -> CheckIn | None:
    scan = CheckIn.objects.filter(pk=scan_id).first() if scan_id else None
    if scan and scan.ticket_id != ticket.pk:
        raise ScanIdReused
    return scan


def _scan(
    ticket: Ticket, staff: User, gate: str, now: datetime, scan_id: UUID | None
) -> CheckIn:
    admitted = ticket.status != TicketStatus.CHECKED_IN
    if admitted:
        _refuse_unless_valid(ticket)
        ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=now)
    identity = {"id": scan_id} if scan_id else {}
    return CheckIn.objects.create(
        ticket=ticket,
        staff=staff,
        gate=gate,
        admitted=admitted,
        scanned_at=now,
        **identity,
    )


def _refuse_unless_valid(ticket: Ticket) -> None:
    if ticket.status != TicketStatus.SOLD:
        raise TicketNotValid(reason="it was taken back")
    if ticket.ticket_type.event.status == EventStatus.CANCELLED:
        raise TicketNotValid(reason="the event is cancelled")
    for check in _checks.values():
        if reason := check(ticket):
            raise TicketNotValid(reason=reason)


def _refusal(ticket: Ticket) -> AlreadyCheckedIn:
    first = CheckIn.objects.get(ticket=ticket, admitted=True)
    zone = ticket.ticket_type.event.venue.zone
    return AlreadyCheckedIn(
        first_at=utc(first.scanned_at),
        first_at_local=f"{first.scanned_at.astimezone(zone):%H:%M}",
        first_gate=first.gate,
        first_gate_text=f", {first.gate}" if first.gate else "",
    )
