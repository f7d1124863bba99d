"""Where random programs play: what they act on, and what is checked after a step."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition

from inventory import services as inventory
from inventory.models import WaitlistEntry
from payments import services as payments
from payments.gateways import GatewayRefused, GatewayUnavailable
from tests import auditing
from tests.properties import provider, sameness, showing, telling
from tests.properties.listening import BUGS, listening
from tests.properties.provider import REFUSING, WEATHER
from tests.properties.remembering import (
    LIVE,
    Memory,
    View,
    complaints_at_rest,
    news_waits,
)
from tests.properties.telling import Tales
from tests.properties.world import People, World
from ticketapp import audit
from ticketapp.errors import DomainError
from ticketapp.models import InvalidTransition

LOTS = 1000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
IN_LINE = "No ticket lies open that somebody who waits would take"
OVERDUE = (
    "Money that came on a payment which had ended is in the ledger within the hour"
)
PAID = ("paid", "partly_refunded")


types = st.sampled_from([*["stalls"] * 4, *["balcony"] * 2, "guests"])
picks = st.integers(0, 5)


def chosen(found: list, pick: int) -> Any:
    return found[pick % len(found)]


def some(of: str) -> Callable:
    """Only while there is something to do it to."""
    return precondition(lambda self: bool(getattr(self, of)))


class Stage(RuleBasedStateMachine):
    """What every program needs: a world, eyes, a clock and a conscience.

    `may_charge` is what the coming step may charge to each buyer's cards: by
    default nothing at all.
    """

    people: People
    tales = Tales()

    def __init__(self) -> None:
        super().__init__()
        sameness.begin_anew()
        self.world = World(self.people)
        self.memory = Memory(self.world)
        self.unswept = timedelta()
        self.sound = True
        self.steps = 0
        self.may_charge: dict[str, set[int]] = {}
        self.refunded_by_hand = 0
        self.tale = self.tales.begin()
        self.view = View(self.world)
        self.look()

    # What there is to act on

    @property
    def now(self):
        return self.world.now

    def look(self) -> None:
        view = self.view = View(self.world)
        self.active = view.live_holds("active")
        self.live = view.live_holds(*LIVE)
        self.pending = view.orders_with("pending")
        self.bought = view.orders_with(*PAID)
        self.challenged = view.books.of("payment_intent", "requires_action")
        self.thinking = view.books.of("payment_intent", "processing")
        self.cancelled = view.books.of("payment_intent", "canceled")
        self.disputes = view.books.of("dispute", "needs_response")
        customers = view.books.of("customer")
        self.customers = [c["id"] for c in customers if not c.get("deleted")]
        methods = view.books.of("payment_method")
        self.kept = [m["id"] for m in methods if m["customer"]]
        self.post = provider.undelivered()
        self.losable = [e for e in self.post if e.type.startswith(provider.LOSABLE)]
        self.failed_refunds = [r for r in view.refunds if r.status == "failed"]
        self.waiting = [e for e in view.entries if e.status in ("waiting", "offered")]
        self.sold = [t for t in view.tickets if t.status in ("sold", "checked_in")]
        # One buyer's tickets are not all alike: by slot they are the order's lines.
        self.sold.sort(key=lambda t: (t.ticket_type_id, t.hold_id, t.slot))

    def attempt(self, weather: str, action: Callable[..., Any], **arguments) -> Any:
        """Do it; a refusal is an answer, anything else that is raised is a bug."""
        self.sound = False
        BUGS.forget()
        try:
            with WEATHER[weather](), listening():
                done = action(**arguments, now=self.now)
        except InvalidTransition:
            raise
        except GatewayUnavailable:
            assert weather != "fine", "The provider answers, and we say it does not"
            done = None
        except DomainError as refusal:
            done = refusal
        self.tale.append(telling.attempted(action.__name__, weather, done))
        refused = isinstance(done, GatewayRefused)
        assert not refused or weather in REFUSING, f"Nobody refused: {done!r}"
        assert not BUGS.met, "\n".join(BUGS.met)
        self.sound = True
        return done

    # The beat

    def _pass(self, time: timedelta) -> None:
        self.world.now += time
        self.unswept += time

    def _sweep_all(self, weather: str) -> None:
        self.attempt("fine", inventory.release_expired_holds, limit=LOTS)
        self.attempt(weather, payments.sweep_payments, limit=LOTS)
        self.attempt(weather, payments.sweep_called_off_events, limit=LOTS)
        self.attempt(weather, payments.process_events, limit=LOTS)
        self.attempt(weather, payments.pay_refunds, limit=LOTS)
        self.attempt("fine", inventory.match_waitlists)
        self._charge_offers(weather)
        self.unswept = timedelta()

    def _charge_offers(self, weather: str) -> None:
        """Whoever has agreed to it may be charged: once, in time, and so much."""
        for entry in WaitlistEntry.objects.filter(status="offered", charges_card=True):
            type_ = self.world.type_names[entry.ticket_type_id]
            today = self.world.price(type_, self.now) * entry.quantity
            totals = {today, entry.hold.total_amount}
            if self.now < entry.ends_at:
                covered = {n for n in totals if n <= entry.max_total_amount}
                self.may_charge[self._name(entry.user_id)] = {0, *covered}
        for _ in range(LOTS):
            if not self.attempt(weather, payments.charge_next_offer):
                return

    def _name(self, user_id) -> str:
        return self.world.people.names[user_id]

    def _event(self):
        self.world.event.refresh_from_db()
        return self.world.event

    # What must hold

    @invariant()
    def nothing_is_wrong(self):
        self.steps += 1
        before, allowed = self.view, self.may_charge
        self.may_charge = {}
        self.look()
        self.tale.append(telling.state(self.view, self.world))
        self.tale.append("In the post: " + ", ".join(e.type for e in self.post))
        found = self._audited() + list(self.memory.complaints(self.view))
        found += showing.complaints(self.world, self.view)
        for name, user in self.world.people.buyers.items():
            charged = self.view.charged(user.pk) - before.charged(user.pk)
            if charged not in allowed.get(name, {0}):
                found.append(f"{name} was charged {charged}")
        found += self._refunds_that_nobody_made()
        self.sound = not found
        assert not found, "\n".join(found)

    def _refunds_that_nobody_made(self) -> list[str]:
        """One that went out twice looks like one of the dashboard."""
        seen = sum(refund.reason == "dashboard" for refund in self.view.refunds)
        more = seen - self.refunded_by_hand
        return [f"{more} refunds were made by nobody"] if more > 0 else []

    def _audited(self) -> list[str]:
        broken = auditing.broken_promises(now=self.now)
        if broken == {IN_LINE}:
            # A sweep's work: somebody who waits has just emptied their hands.
            inventory.match_waitlists(now=self.now)
            self.look()
            broken = auditing.broken_promises(now=self.now)
        if broken == {OVERDUE} and news_waits():
            return []  # Nobody can know of it while the provider keeps silent.
        return [str(found) for found in audit.findings(now=self.now)] if broken else []

    def teardown(self):
        self.tales.keep(sys.exception())
        try:
            if self.sound:
                self.settle()
        except Exception as failure:
            self.tales.keep(failure)
            raise

    def settle(self) -> None:
        """Let everybody hear everything; then the books must be the same."""
        for _ in range(20):
            before = telling.state(self.view, self.world)
            self.settle_a_little()
            # A refund that was asked for in this round is with its bank until the next.
            changed = telling.state(self.view, self.world) != before
            if not (changed or self.live or self.pending or self.post or self.thinking):
                break
        self.nothing_is_wrong()
        found = list(complaints_at_rest(self.view))
        assert not found, "\n".join(found)

    def settle_a_little(self) -> None:
        for intent in self.thinking:
            provider.decide(intent["id"])
        provider.let_banks_act()
        for event in provider.undelivered():
            provider.bring(event, 1, self.now)
        self._pass(timedelta(minutes=11))
        self._sweep_all("fine")
        if self.memory.by_hand:
            # Nobody asks about a payment that has ended, should its news be lost.
            self.attempt("fine", payments.reconcile, since=LONG_AGO, repair=True)
        self.look()
