"""News of a dispute that is lost: what was decided, and each time its money moved."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox import post
from payments.models import Dispute, Incident, LedgerEntry, SandboxEvent, SandboxObject
from tests import factories as make
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import DISPUTED, ask, assert_books_are_right, at_provider, paid
from tests.reconciling import differences
from tests.refunding import balance
from ticketapp import audit

pytestmark = pytest.mark.django_db
CREATED, WITHDRAWN = "charge.dispute.created", "charge.dispute.funds_withdrawn"
CLOSED, REINSTATED = "charge.dispute.closed", "charge.dispute.funds_reinstated"


def paid_by_someone_who_disputes() -> None:
    paid(DISPUTED, now=timezone.now(), event=make.tonight())


def open_dispute() -> dict:
    paid_by_someone_who_disputes()
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    differences("--repair")
    return at_provider("dispute")[0]


@pytest.mark.parametrize("verdict", ["won", "lost"])
def test_what_a_bank_decided_without_our_hearing_it_is_recorded(verdict):
    dispute = open_dispute()
    word = {"won": "winning_evidence", "lost": "losing_evidence"}[verdict]
    evidence = {"evidence[uncategorized_text]": word}
    ask("POST", f"/v1/disputes/{dispute['id']}", evidence)

    assert differences("--repair") == ["disputes_differ"]

    assert Dispute.objects.get().status == verdict
    assert differences() == []


def test_a_charge_that_stays_marked_after_a_dispute_was_won_is_no_difference():
    dispute = open_dispute()
    evidence = {"evidence[uncategorized_text]": "winning_evidence"}
    ask("POST", f"/v1/disputes/{dispute['id']}", evidence)
    differences("--repair")
    charge = SandboxObject.objects.get(type="charge")
    charge.data["disputed"] = True
    charge.save()

    assert differences() == []


def tell(kind: str) -> None:
    now, event = timezone.now(), SandboxEvent.objects.get(type=kind)
    body = json.dumps(event.payload)
    services.receive_event(
        body=body.encode(), signature=post.sign(body, now=now), now=now
    )
    assert not services.process_events(now=now, limit=10).kept


def a_dispute_and_its_news() -> Iterator[str]:
    """What the provider tells, each time as soon as it is so and no sooner.

    It says what is decided first, and that the money has moved some time later.
    """
    paid_by_someone_who_disputes()
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    yield from money_follows(CREATED, WITHDRAWN)
    evidence = {"evidence[uncategorized_text]": "winning_evidence"}
    ask("POST", f"/v1/disputes/{at_provider('dispute')[0]['id']}", evidence)
    yield from money_follows(CLOSED, REINSTATED)


def money_follows(first: str, then: str) -> Iterator[str]:
    dispute = SandboxObject.objects.get(type="dispute")
    moved = dispute.data["balance_transactions"].pop()
    dispute.save()
    yield first
    dispute.data["balance_transactions"].append(moved)
    dispute.save()
    yield then


@pytest.mark.parametrize(
    ("lost", "left"), [(CREATED, 5000), (WITHDRAWN, 0), (CLOSED, 0), (REINSTATED, 5000)]
)
def test_whatever_news_of_a_dispute_is_lost_is_found_and_booked_once(lost, left):
    for news in a_dispute_and_its_news():
        if news != lost:
            tell(news)
            continue
        before = balance()
        assert "disputes_differ" in differences()
        assert balance() == before
        assert "disputes_differ" in differences("--repair")
        assert "disputes_differ" not in differences()
        assert balance() == left
    tell(lost)

    assert Dispute.objects.get().status == "won"
    kinds = LedgerEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["capture", "dispute_withdrawn", "dispute_returned"]
    assert differences() == []
    assert_provider_and_books_agree()
    assert_books_are_right()


@pytest.mark.parametrize(("minutes", "broken"), [(4, 0), (6, 1)])
def test_money_of_a_dispute_that_was_won_has_five_minutes_to_come(minutes, broken):
    for news in a_dispute_and_its_news():
        if news != REINSTATED:
            tell(news)
    later = timezone.now() + timedelta(minutes=minutes)

    assert len(list(audit.findings(now=later))) == broken


def test_it_is_said_which_money_moved_unheard():
    for news in a_dispute_and_its_news():
        if news != REINSTATED:
            tell(news)
    differences()

    told = Incident.objects.get(detail__startswith="disputes_differ").detail

    moved = at_provider("dispute")[0]["balance_transactions"][1]["id"]
    assert told == (
        f"disputes_differ: {moved} moved £50.00 at the provider, nothing in the ledger"
    )


def test_money_of_a_dispute_that_the_provider_does_not_know_is_for_a_person():
    for news in a_dispute_and_its_news():
        tell(news)
    entry = LedgerEntry.objects.get(kind="dispute_returned")
    LedgerEntry.objects.create(
        order=entry.order,
        payment=entry.payment,
        kind="dispute_withdrawn",
        amount=-1,
        currency="GBP",
        source="by hand",
    )

    assert "disputes_differ" in differences("--repair")

    assert LedgerEntry.objects.count() == 4
    assert (
        "by hand" in Incident.objects.get(detail__startswith="disputes_differ").detail
    )


def settled_in(currency: str, *, rate: float, disputed_in: str = "gbp") -> None:
    """The provider's account is kept in another currency than the show is sold in."""
    dispute = SandboxObject.objects.get(type="dispute")
    dispute.data["currency"] = disputed_in
    for moved in dispute.data["balance_transactions"]:
        moved |= {"currency": currency, "amount": round(moved["amount"] * rate)}
    dispute.save()


def test_money_that_moved_in_another_currency_is_booked_as_what_was_disputed():
    paid_by_someone_who_disputes()
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    settled_in("usd", rate=1.28)

    assert differences("--repair") == ["disputes_differ"]

    assert balance() == 0
    assert LedgerEntry.objects.get(kind="dispute_withdrawn").amount == -5000
    assert differences() == []
    assert_books_are_right()


def test_what_nobody_can_say_in_the_payments_currency_is_for_a_person():
    paid_by_someone_who_disputes()
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    settled_in("usd", rate=1.28, disputed_in="eur")

    assert differences("--repair") == ["disputes_differ"]

    assert balance() == 5000
    assert Dispute.objects.get().status == "open"
    assert "nobody can say" in Incident.objects.get(kind="reconcile").detail
