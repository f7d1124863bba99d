import secrets
from dataclasses import replace
from datetime import datetime
from functools import cache
from random import Random
from uuid import uuid4

import pytest
from django.utils.crypto import get_random_string
from hypothesis.errors import Flaky

from inventory import services as inventory
from tests.properties import sameness
from tests.properties.running import DEFAULT, run
from tests.properties.sameness import same_ids
from tests.properties.telling import Tales

FEW = replace(DEFAULT, examples=5, steps=15)
# Enough that something is sold, and somebody's card asked, in one of them.
ENOUGH = replace(DEFAULT, examples=15, steps=30)


@cache
def told_before() -> Tales:
    """The same evenings that others are compared with, once for all of them."""
    return run(ENOUGH)


@pytest.mark.django_db(transaction=True)
def test_the_same_seed_gives_the_same_evenings():
    told = told_before()

    assert len(told) >= ENOUGH.examples
    assert run(ENOUGH) == told


@pytest.mark.django_db(transaction=True)
def test_other_ids_make_other_evenings_of_the_same_seed(monkeypatch):
    told = told_before()
    monkeypatch.setattr(sameness, "Random", lambda module: Random(f"not {module}"))

    assert run(ENOUGH) != told


@pytest.mark.django_db(transaction=True)
def test_a_failure_that_does_not_come_again_is_told_all_the_same(monkeypatch):
    failures = [RuntimeError("Only this once")]
    release = inventory.release_expired_holds

    def fail_once(*, limit: int, now: datetime) -> int:
        if failures:
            raise failures.pop()
        return release(limit=limit, now=now)

    monkeypatch.setattr(inventory, "release_expired_holds", fail_once)

    with pytest.raises(Flaky) as raised:
        run(FEW)

    assert "Only this once" in raised.value.__notes__[-1]


def test_ids_are_the_same_whoever_else_asks_between():
    with same_ids():
        sameness.begin_anew()
        ids = [uuid4(), uuid4(), secrets.token_hex()]
        sameness.begin_anew()
        again = [uuid4(), get_random_string(8), uuid4(), secrets.token_hex()]

    assert [again[0], *again[-2:]] == ids
    assert len({*ids}) == len(ids)
    assert uuid4() not in ids
