"""How long the machine runs, and how a run is repeated.

PROPERTY_EXAMPLES, PROPERTY_STEPS and PROPERTY_SEED set the size of the wide run;
a failure prints the program that led to it, and these three.
"""

import os
from dataclasses import dataclass
from random import SystemRandom

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import Evening
from tests.properties.sameness import same_ids
from tests.properties.telling import Tales
from tests.properties.world import People
from tests.sessions import wait_for_no_disk

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@dataclass(frozen=True)
class Budget:
    """So many programs of so many steps; `shrinks` looks for a shorter one."""

    examples: int
    steps: int
    seed: int
    shrinks: bool = True

    def __str__(self) -> str:
        return (
            f"PROPERTY_EXAMPLES={self.examples} PROPERTY_STEPS={self.steps} "
            f"PROPERTY_SEED={self.seed}"
        )


DEFAULT = Budget(examples=20, steps=40, seed=20260601)


def wide_budget() -> Budget:
    chance = SystemRandom().randrange(2**32)
    return Budget(
        examples=int(os.environ.get("PROPERTY_EXAMPLES", "300")),
        steps=int(os.environ.get("PROPERTY_STEPS", "50")),
        seed=int(os.environ.get("PROPERTY_SEED", chance)),
    )


def tonight() -> Evening:
    """An evening for a program that is written by hand."""
    wait_for_no_disk()
    return type("Tonight", (Evening,), {"people": People()})()


def run(budget: Budget) -> Tales:
    """Run programs within a budget; the first that breaks a promise is raised.

    The same budget gives the same programs, and they end the same way.
    """
    wait_for_no_disk()

    @seed(budget.seed)
    class Tonight(Evening):
        people = People()
        tales = Tales()

    phases = [Phase.generate, *([Phase.shrink] if budget.shrinks else [])]
    size = settings(
        max_examples=budget.examples,
        stateful_step_count=budget.steps,
        phases=phases,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=SLOW,
    )
    try:
        with same_ids():
            run_state_machine_as_test(Tonight, settings=size)
    except BaseException as failure:
        failure.add_note(f"To run it again: {budget}")
        if isinstance(failure, HypothesisException) or not isinstance(
            failure, Exception
        ):
            failure.add_note(Tonight.tales.first_failure)
        raise
    return Tonight.tales
