"""The sandbox lists as Stripe does: the newest first, by age, a page at a time."""

from datetime import timedelta

import pytest

from payments.gateways import get_gateway, stripe
from tests.factories import NOON
from tests.paying import ask, strangers_intent

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def listed(**params) -> list[str]:
    status, page, _ = ask("GET", "/v1/payment_intents", params)
    assert status == 200, page
    return [found["id"] for found in page["data"]]


def test_the_newest_come_first_and_go_on_after_the_last_seen():
    middle, oldest, newest = (strangers_intent(NOON + n * SECOND) for n in (1, 0, 2))

    assert listed() == [newest, middle, oldest]
    assert listed(limit=1) == [newest]
    assert listed(limit=1, starting_after=newest) == [middle]


def test_a_page_says_whether_there_is_more():
    strangers_intent(NOON), strangers_intent(NOON)

    told = [ask("GET", "/v1/payment_intents", {"limit": n})[1] for n in (1, 2)]

    assert [page["has_more"] for page in told] == [True, False]


def test_age_is_counted_in_whole_seconds():
    at = NOON + timedelta(milliseconds=900)
    second = int(NOON.timestamp())
    made = strangers_intent(at)

    assert listed(**{"created[gte]": second}) == [made]
    assert listed(**{"created[lt]": second}) == []
    assert listed(**{"created[gte]": second + 1}) == []
    assert listed(**{"created[lt]": second + 1}) == [made]


@pytest.mark.parametrize("params", [{"created[lte]": 1}, {"created": 1}])
def test_a_filter_that_it_does_not_know_is_refused_and_not_passed_over(params):
    status, refusal, _ = ask("GET", "/v1/payment_intents", params)

    assert (status, refusal["error"]["param"]) == (400, "created")


def test_the_gateway_lists_page_by_page_what_is_between_two_times(monkeypatch):
    monkeypatch.setattr(stripe, "PAGE", 2)
    made = [strangers_intent(NOON - n * SECOND) for n in range(7)]

    between = get_gateway().list_intents(since=NOON - 5 * SECOND, until=NOON)
    found = [(each.intent.id, each.created_at) for each in between]

    assert found == [(made[n], NOON - n * SECOND) for n in range(1, 6)]
