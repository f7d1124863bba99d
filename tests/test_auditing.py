from datetime import timedelta

import pytest

from inventory.models import Hold
from tests import auditing
from tests.factories import NOON
from tests.paying import held, paid
from ticketapp import audit

pytestmark = pytest.mark.django_db


def told(findings) -> list[str]:
    return sorted(str(finding) for finding in findings)


def test_nothing_is_found_when_all_is_well():
    paid()

    assert auditing.findings(now=NOON) == []


@pytest.mark.parametrize("minutes", [0, 30])
def test_what_the_audit_finds_is_found(minutes):
    held()
    Hold.objects.update(total_amount=1)
    now = NOON + timedelta(minutes=minutes)

    found = auditing.findings(now=now)

    assert told(found) == told(audit.findings(now=now))
    promises = {finding.promise for finding in found}
    assert len(promises) == 1 + bool(minutes)
    assert promises == auditing.broken_promises(now=now)


def test_a_plan_of_an_empty_database_finds_what_comes_later():
    assert auditing.findings(now=NOON) == []
    held()
    Hold.objects.update(total_amount=1)

    assert auditing.findings(now=NOON)
