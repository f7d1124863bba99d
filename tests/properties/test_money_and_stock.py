import pytest

from tests.properties.running import DEFAULT, run, wide_budget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.timeout(900)
def test_money_and_stock_never_part_whatever_happens():
    run(DEFAULT)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_money_and_stock_never_part_in_a_long_evening():
    run(wide_budget())
