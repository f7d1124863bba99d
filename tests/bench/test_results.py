import pytest

from bench.results import (
    Answer,
    by_tenth,
    percentile,
    rate_of,
    result_of,
    rounded,
    table,
)

KEYS = "bench rate p50_ms p95_ms p99_ms errors refused limit ratio by_tenth settings"


def answers(*, count, every, status=201, since=100.0):
    """One after the other, each `every` seconds long."""
    return [Answer(since + every * turn, every, status) for turn in range(count)]


def judged(found, **changes):
    defaults = {"wanted": 201, "broken": 0, "limit": 0.0, "settings": {}}
    return result_of("holds", found, **defaults | changes)


@pytest.mark.parametrize(
    ("share", "expected"), [(50, 50), (95, 95), (99, 99), (100, 100), (1, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share, expected):
    assert percentile(range(100, 0, -1), share) == expected


def test_a_percentile_of_nothing_is_nought():
    assert percentile([], 99) == 0


def test_the_rate_counts_from_the_first_question_to_the_last_answer():
    assert rate_of(answers(count=50, every=0.02)) == pytest.approx(50)


def test_the_rate_of_nothing_is_nought():
    assert rate_of([]) == 0


def test_each_tenth_has_a_rate_of_its_own():
    quick = answers(count=90, every=0.01)
    slow = answers(count=10, every=0.1, since=quick[-1].ended)

    rates = by_tenth(quick + slow)

    assert rates == pytest.approx([100] * 9 + [10])


def test_tenths_follow_the_order_of_the_answers_not_of_the_questions():
    early_but_slow = [Answer(100.0, 10.0, 201)]

    rates = by_tenth(early_but_slow + answers(count=19, every=0.01))

    assert rates[0] == pytest.approx(100)
    assert rates[-1] < 1


def test_fewer_than_ten_answers_have_no_tenths():
    assert by_tenth(answers(count=9, every=0.1)) == []


def test_a_refusal_is_no_error_and_everything_else_unwanted_is():
    found = [
        *answers(count=10, every=0.1),
        *answers(count=3, every=0.1, status=409),
        *answers(count=2, every=0.1, status=503),
        *answers(count=1, every=0.1, status=200),
    ]

    result = judged(found, broken=4)

    assert (result.refused, result.errors) == (3, 2 + 1 + 4)


def test_the_figures_are_those_of_the_wanted_answers_alone():
    found = answers(count=10, every=0.1) + answers(count=90, every=0.001, status=409)

    result = judged(found)

    assert result.rate == pytest.approx(10)
    assert result.p50_ms == pytest.approx(100)


def test_the_ratio_is_the_share_of_the_limit_that_was_reached():
    assert judged(answers(count=10, every=0.1), limit=40.0).ratio == pytest.approx(0.25)
    assert judged(answers(count=10, every=0.1)).ratio == 0


def test_the_json_has_exactly_the_agreed_keys():
    assert list(judged(answers(count=20, every=0.1)).as_dict()) == KEYS.split()


def test_figures_are_told_with_four_digits():
    assert rounded(0.123456) == 0.1235
    assert rounded(1234.56) == 1235
    assert rounded({"cores": [1.00049]}) == {"cores": [1.0]}


def test_the_table_names_every_bench_with_its_settings():
    text = table([judged(answers(count=20, every=0.1), settings={"stock": 40})])

    assert "holds" in text
    assert "stock: 40" in text
    assert "rate by tenth" in text


def test_the_table_of_a_run_without_answers_can_be_printed():
    assert "holds" in table([judged([])])
