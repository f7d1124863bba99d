"""Until when a kept card is good."""

from datetime import UTC, datetime

import pytest

from payments.models import SavedCard
from payments.services.cards import has_expired

MAY = SavedCard(exp_year=2027, exp_month=5)


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        (datetime(2027, 5, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2027, 6, 1, 11, 59, tzinfo=UTC), False),
        (datetime(2027, 6, 1, 12, 0, tzinfo=UTC), True),
        (datetime(2028, 1, 1, 12, 0, tzinfo=UTC), True),
    ],
)
def test_a_card_is_good_while_its_month_lasts_anywhere(now, expired):
    """In Honolulu it is the evening of the 31st when the 1st has come in London."""
    assert has_expired(MAY, now) is expired
