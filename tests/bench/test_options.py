import pytest

from bench.options import parse


def test_the_defaults_are_those_of_the_design():
    holds, near = parse(["holds"]), parse(["near"])

    assert (holds.clients, holds.stock) == (64, 20_000)
    assert (near.clients, near.events) == (32, 100_000)
    assert not holds.json


def test_json_may_follow_the_name():
    assert parse(["near", "--json"]).json


@pytest.mark.parametrize("number", ["0", "-1", "2.5", "many"])
def test_numbers_are_whole_and_positive(number, capsys):
    with pytest.raises(SystemExit):
        parse(["holds", "--stock", number])

    assert "positive whole number" in capsys.readouterr().err


def test_one_case_of_near_at_a_time():
    with pytest.raises(SystemExit):
        parse(["near", "--growth", "--cached"])
