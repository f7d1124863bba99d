import pytest

from tests.properties.provider import REFUSING
from tests.properties.running import DEFAULT, run, tonight, wide_budget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.timeout(900)
def test_money_and_stock_never_part_whatever_happens():
    run(DEFAULT)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_money_and_stock_never_part_in_a_long_evening():
    run(wide_budget())


@pytest.mark.parametrize("weather", sorted(REFUSING))
def test_what_the_provider_refuses_for_a_while_comes_right_afterwards(weather):
    evening = tonight()
    for step, *what in (
        (evening.buy, "ann", "stalls", 2, "visa", "fine"),
        (evening.refund, 0, 0, "staff"),
        (evening.buy, "bob", "balcony", 1, "asks", "fine"),
        (evening.join_waitlist_with_a_card, "cat", "balcony", 2, 10000, "visa"),
        (evening.buy, "dan", "balcony", 1, "visa", weather),
        (evening.time_passes, 9, weather),
        (evening.time_passes, 30, weather),
    ):
        step(*what)
        evening.nothing_is_wrong()

    evening.teardown()

    assert not evening.live
    assert not evening.pending


def test_money_of_a_cancelled_intent_is_found_when_its_news_is_lost():
    evening = tonight()
    evening.buy("ann", "stalls", 2, "asks", "fine")
    evening.nothing_is_wrong()
    evening.take_the_first_by_hand_after_another_card(0, "visa", "fine")
    evening.nothing_is_wrong()
    while evening.losable:
        evening.a_webhook_is_lost(0)
        evening.nothing_is_wrong()

    evening.teardown()

    assert [refund.reason for refund in evening.view.refunds] == ["surplus"]
