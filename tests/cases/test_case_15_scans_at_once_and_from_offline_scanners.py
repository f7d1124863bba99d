"""Case 15. Scans at once, and scans that come from offline scanners later.

Online the first scan wins and the others are told when and where. An upload is
idempotent by its scan id; of all scans of a ticket the earliest counts, by our
clock and not the scanner's; the later ones are kept and flagged.

The guards: the row lock of the ticket in `admission.check_in`, without which two
scanners decide at once; `admission._repeated`, without which a repeated upload is a
second scan; `admission._judge_against_first`, without which the first to be uploaded
wins and not the earliest; and `admission.by_our_clock`, without which a wrong clock
wins.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from events.models import Event, Role
from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn, ScanFlag, Ticket, TicketStatus
from inventory.services import admission
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.concurrency.test_stock import (
    lost_scanner,
    take_out_locks,
    two_scanners_on_one_ticket,
)
from tests.factories import NOON
from tests.lining_up import held, sell

pytestmark = pytest.mark.django_db(transaction=True)
DOORS = NOON + timedelta(hours=7)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ticket():
    return sell(held(make.ticket_type()))[0]


@pytest.fixture
def steward(ticket):
    return make.staff(venue=ticket.ticket_type.event.venue, role=Role.DOOR)


def code_of(ticket) -> str:
    return codes.write(ticket_id=ticket.pk, event_id=ticket.ticket_type.event_id)


def scan(ticket, staff, gate, *, now=DOORS, offline_at=None, scan_id=None) -> CheckIn:
    return inventory.check_in(
        code=code_of(ticket),
        staff=staff,
        gate=gate,
        now=now,
        offline_at=offline_at,
        scan_id=scan_id or uuid4(),
    )


def scans() -> list[tuple[str, bool, str]]:
    rows = CheckIn.objects.order_by("scanned_at")
    return list(rows.values_list("gate", "admitted", "flag"))


def test_case_15_of_scanners_at_once_one_admits_and_the_others_are_told():
    """Four scanners, one ticket: one admits, three hear when and where."""
    for _ in range(3):
        two_scanners_on_one_ticket()


def test_case_15_without_the_lock_of_the_ticket_scanners_hear_nonsense(monkeypatch):
    """The guard taken out."""
    take_out_locks(monkeypatch)

    assert breaks_within(ROUNDS, lost_scanner)


def test_case_15_an_upload_that_was_later_is_kept_and_flagged(ticket, steward):
    """Somebody was let in offline after the ticket had been used online."""
    scan(ticket, steward, "North")

    with pytest.raises(inventory.AlreadyCheckedIn) as told:
        scan(
            ticket, steward, "South", now=DOORS + 9 * MINUTE, offline_at=DOORS + MINUTE
        )

    assert told.value.details["first_gate"] == "North"
    assert scans() == [("North", True, ""), ("South", False, ScanFlag.LET_IN_TWICE)]
    assert_all_is_well(without_orders=True)


def test_case_15_an_upload_that_was_earlier_wins(ticket, steward):
    """The scan online was the second: it is flagged, and the times are put right."""
    scan(ticket, steward, "North")

    upload = scan(
        ticket, steward, "South", now=DOORS + 9 * MINUTE, offline_at=DOORS - MINUTE
    )

    ticket.refresh_from_db()
    assert upload.admitted
    assert ticket.checked_in_at == DOORS - MINUTE
    assert scans() == [("South", True, ""), ("North", False, ScanFlag.LET_IN_TWICE)]
    assert_all_is_well(without_orders=True)


def the_first_that_we_hear_of_counts(scan: CheckIn, *, offline: bool) -> None:
    scan.flag = ScanFlag.LET_IN_TWICE


def test_case_15_without_the_comparison_the_later_of_two_scans_stays(
    ticket, steward, monkeypatch
):
    """The guard taken out: whoever comes through to us first has won."""
    monkeypatch.setattr(
        admission, "_judge_against_first", the_first_that_we_hear_of_counts
    )

    with pytest.raises(inventory.AlreadyCheckedIn):
        test_case_15_an_upload_that_was_earlier_wins(ticket, steward)


def test_case_15_uploads_in_any_order_come_to_the_same(ticket, steward):
    """Three offline scanners send late, each twice, at once: the earliest counts."""
    made = {gate: (uuid4(), DOORS + n * MINUTE) for n, gate in enumerate("ABC")}

    def upload(gate: str) -> CheckIn:
        ident, at = made[gate]
        return scan(
            ticket, steward, gate, now=DOORS + 60 * MINUTE, offline_at=at, scan_id=ident
        )

    outcomes = race([partial(upload, gate) for gate in "CABBAC"])

    unclean = [
        o for o in outcomes if not isinstance(o, CheckIn | inventory.AlreadyCheckedIn)
    ]
    assert unclean == []
    twice = ScanFlag.LET_IN_TWICE
    assert scans() == [("A", True, ""), ("B", False, twice), ("C", False, twice)]
    assert_all_is_well(without_orders=True)


def test_case_15_the_same_upload_twice_is_one_scan(ticket, steward):
    """A lost answer: the scanner sends again and hears the same."""
    ident = uuid4()
    for _ in range(3):
        again = scan(ticket, steward, "A", offline_at=DOORS, scan_id=ident)
        assert again.admitted

    assert scans() == [("A", True, "")]


def test_case_15_without_the_scan_id_an_upload_repeated_is_a_second_scan(
    ticket, steward, monkeypatch
):
    """The guard taken out: the repeat is not recognised."""
    monkeypatch.setattr(admission, "_repeated", lambda *scan, offline: None)
    ident = uuid4()
    scan(ticket, steward, "A", offline_at=DOORS, scan_id=ident)

    with pytest.raises(inventory.ScanIdReused):
        scan(ticket, steward, "A", offline_at=DOORS, scan_id=ident)


def test_case_15_let_in_offline_though_we_had_refused_it_is_flagged(ticket, steward):
    """Our refusal was lost on its way, and the scanner went by its own list."""
    scan(ticket, steward, "North")
    lost = uuid4()
    with pytest.raises(inventory.AlreadyCheckedIn):
        scan(ticket, steward, "South", now=DOORS + MINUTE, scan_id=lost)

    with pytest.raises(inventory.AlreadyCheckedIn):
        scan(ticket, steward, "South", offline_at=DOORS + MINUTE, scan_id=lost)

    assert scans() == [("North", True, ""), ("South", False, ScanFlag.LET_IN_TWICE)]


def test_case_15_a_ticket_taken_back_and_let_in_offline_is_flagged(ticket, steward):
    """The scanner could not know: the scan is kept, the ticket stays returned."""
    inventory.return_tickets(tickets=[ticket], now=NOON)
    ident = uuid4()

    for _ in range(2):
        with pytest.raises(inventory.TicketNotValid):
            scan(ticket, steward, "A", offline_at=DOORS, scan_id=ident)

    assert scans() == [("A", False, ScanFlag.NOT_VALID)]
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.RETURNED


def posted(client, ticket, gate, scanned_at: datetime, sent_at: datetime, ident: UUID):
    body = {
        "code": code_of(ticket),
        "gate": gate,
        "scan_id": str(ident),
        "scanned_at": scanned_at.isoformat(),
        "sent_at": sent_at.isoformat(),
    }
    return client.post("/api/v1/check-ins", body)


def test_case_15_a_scanner_with_a_wrong_clock_does_not_win(ticket, steward):
    """A clock a day slow: the scan happened minutes ago, after the first."""
    Event.objects.update(starts_at=timezone.now())
    client = APIClient()
    client.force_authenticate(steward)
    first = client.post("/api/v1/check-ins", {"code": code_of(ticket), "gate": "A"})
    slow = datetime.fromisoformat(first.json()["scanned_at"]) - timedelta(days=1)

    late = posted(client, ticket, "B", slow, slow, uuid4())

    assert (first.status_code, late.status_code) == (201, 409)
    assert late.json()["meta"]["first_gate"] == "A"
    assert scans() == [("A", True, ""), ("B", False, ScanFlag.LET_IN_TWICE)]


def test_case_15_by_the_scanners_own_clock_the_wrong_scan_would_win(
    ticket, steward, monkeypatch
):
    """The guard taken out: the slow clock makes the second scan the first."""
    monkeypatch.setattr(
        inventory, "by_our_clock", lambda *, scanned_at, sent_at, now: scanned_at
    )

    with pytest.raises(AssertionError):
        test_case_15_a_scanner_with_a_wrong_clock_does_not_win(ticket, steward)


@pytest.mark.parametrize(
    ("ago", "field"), [(-MINUTE, None), (timedelta(days=4), None), (None, "sent_at")]
)
def test_case_15_a_time_that_cannot_be_right_is_refused(ticket, steward, ago, field):
    """Sent before it was made, days late, or without the scanner's own time."""
    client = APIClient()
    client.force_authenticate(steward)
    body = {"code": code_of(ticket), "scan_id": str(uuid4())}
    body["scanned_at"] = DOORS.isoformat()
    if ago is not None:
        body["sent_at"] = (DOORS + ago).isoformat()

    response = client.post("/api/v1/check-ins", body)

    assert response.status_code == 400
    if field:
        assert response.json()["errors"][0]["field"] == field
    else:
        assert response.json()["code"] == "scan_time_out_of_range"
    assert not CheckIn.objects.exists()
