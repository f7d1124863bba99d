"""Evenings told without ids, so that the same one is told the same way each time."""

from collections import Counter
from collections.abc import Iterable
from traceback import format_exception
from typing import Any

from hypothesis.errors import HypothesisException

from tests.properties.remembering import LIVE, View
from tests.properties.world import World


class Tales(list[list[str]]):
    """What was done in each evening and what came of it; and how the first failed.

    The first failure is kept because looking for a shorter program may end
    otherwise: with a program that fails only now and then, or out of time.
    """

    first_failure = ""

    def begin(self) -> list[str]:
        self.append([])
        return self[-1]

    def keep(self, failure: BaseException | None) -> None:
        # What Hypothesis raises is its own business, most often to end a program.
        broken = isinstance(failure, Exception)
        own = isinstance(failure, HypothesisException)
        if broken and not own and not self.first_failure:
            told = [*format_exception(failure), "The evening that failed first:"]
            self.first_failure = "\n".join([*told, *self[-1]])


def attempted(name: str, weather: str, done: Any) -> str:
    """A number says how many; of all else the kind says enough."""
    outcome = done if isinstance(done, int) else type(done).__name__
    return f"{name} ({weather}): {outcome}"


def state(view: View, world: World) -> str:
    """Who has what and owes what; what is picked from, in the order of the picks."""
    name, type_ = world.people.names, world.type_names
    said: list[Iterable[tuple]] = [
        [(name[h.user_id], h.status, h.total_amount) for h in view.live_holds(*LIVE)],
        [(name[o.user_id], o.status, o.amount) for o in view.orders],
        [(name[e.user_id], type_[e.ticket_type_id], e.status) for e in view.entries],
        [(r.amount, r.reason, r.status) for r in view.refunds],
        [
            (d["object"], d.get("status"), d.get("amount"))
            for d in view.books.objects.values()
        ],
        _counted((type_[t.ticket_type_id], t.status) for t in view.tickets),
        _counted(tuple(sorted(entries)) for entries in view.ledger.values()),
    ]
    parts = (", ".join(" ".join(map(str, words)) for words in part) for part in said)
    return "; ".join(parts)


def _counted(things: Iterable[tuple]) -> list[tuple]:
    return sorted((number, *thing) for thing, number in Counter(things).items())
