"""What staff do: refunds, prices, capacity, shared caps, the door, and the event."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from events import services as events
from events.models import EventStatus
from inventory import codes
from inventory import services as inventory
from inventory.models import StockCap
from payments import services as payments
from payments.models import Refund, RefundReason
from payments.services.refunds import open_lines
from tests.properties.provider import REFUSING, WHEN_SWEEPING
from tests.properties.stage import LONG_AGO, Stage, chosen, picks, some, types
from ticketapp.errors import DomainError

CAPPED = [("stalls", "balcony"), ("stalls", "guests"), ("balcony",)]


class Office(Stage):
    """Each rule is one decision of somebody behind the counter."""

    @some("bought")
    @rule(
        pick=picks,
        lines=st.integers(0, 2),
        reason=st.sampled_from([RefundReason.STAFF, RefundReason.GOODWILL]),
    )
    def refund(self, pick, lines, reason):
        """All that is left of an order, or the first lines of it."""
        order = chosen(self.bought, pick)
        left = list(open_lines(order).order_by("pk"))
        self.attempt(
            "fine",
            payments.refund_lines,
            order=order,
            lines=left[:lines] if lines else left,
            reason=reason,
            by=self.people.staff,
        )

    @some("failed_refunds")
    @rule(pick=picks)
    def retry_refund(self, pick):
        refund: Refund = chosen(self.failed_refunds, pick)
        self.attempt("fine", payments.retry_refund, refund=refund)

    @rule(
        type_=st.sampled_from(["stalls", "balcony"]),
        price=st.sampled_from([500, 999, 2000]),
        seconds=st.sampled_from([0, 30, 600]),
    )
    def schedule_a_lower_price(self, type_, price, seconds):
        self.world.schedule_fall(type_, price, timedelta(seconds=seconds))

    @rule(type_=types, capacity=st.integers(0, 6), decided=st.booleans())
    def change_capacity(self, type_, capacity, decided):
        """Decided, also below what is taken: then the type is overbooked."""
        done = self.attempt(
            "fine",
            inventory.set_capacity,
            ticket_type=self.world.types[type_],
            capacity=capacity,
            override=self._decision() if decided else None,
        )
        if not isinstance(done, DomainError):
            self.world.capacity[type_] = capacity

    @rule(
        names=st.sampled_from(CAPPED), capacity=st.integers(0, 6), decided=st.booleans()
    )
    def share_a_cap(self, names, capacity, decided):
        """One cap for the house, made, extended, tightened or relaxed."""
        house = {"event": self.world.event, "name": "House"}
        cap = StockCap.objects.filter(**house).first() or StockCap(**house)
        cap.capacity = capacity
        done = self.attempt(
            "fine",
            inventory.save_cap,
            cap=cap,
            types=[self.world.types[name] for name in names],
            override=self._decision() if decided else None,
        )
        if not isinstance(done, DomainError):
            self.world.cap = (names, capacity)
            self.memory.most_under_cap = max(capacity, self.view.taken(names))

    def _decision(self) -> inventory.Overrider:
        return inventory.Overrider(user=self.people.staff, reason="A wall came down")

    @some("sold")
    @rule(pick=picks)
    def scan_at_the_door(self, pick):
        ticket = chosen(self.sold, pick)
        code = codes.write(ticket_id=ticket.pk, event_id=self.world.event.pk)
        scan = self.attempt(
            "fine", inventory.check_in, code=code, staff=self.people.staff, gate="A"
        )
        if not isinstance(scan, DomainError):
            assert ticket.pk not in self.memory.admitted, "Let in twice"
            self.memory.admitted.add(ticket.pk)

    # The event, and the books

    @rule()
    def pause_the_sale_or_go_on(self):
        event = self._event()
        if event.status == EventStatus.PUBLISHED:
            events.pause_event(event=event)
        elif event.status == EventStatus.PAUSED:
            events.publish_event(event=event, now=self.now)

    @precondition(lambda self: self.steps > 10)
    @rule(found=st.booleans())
    def postpone_the_event(self, found):
        """Put it off; or, once it is, have a new day or call it off for good."""
        event = self._event()
        if event.status in (EventStatus.PUBLISHED, EventStatus.PAUSED):
            events.postpone_event(event=event)
        elif event.status == EventStatus.POSTPONED and found:
            events.publish_event(event=event, now=self.now)
        elif event.status == EventStatus.POSTPONED:
            events.cancel_event(event=event)

    @some("bought")
    @rule(pick=picks)
    def hand_back_a_postponed_order(self, pick):
        order = chosen(self.bought, pick)
        self.attempt("fine", payments.refund_postponed, order=order)

    @precondition(lambda self: self.steps > 20)
    @rule()
    def call_the_event_off(self):
        event = self._event()
        if event.status == EventStatus.PUBLISHED:
            events.cancel_event(event=event)

    @rule(weather=st.sampled_from(WHEN_SWEEPING), repair=st.booleans())
    def compare_with_the_provider(self, weather, repair):
        run = self.attempt(weather, payments.reconcile, since=LONG_AGO, repair=repair)
        kinds = {difference["kind"] for difference in run.differences}
        shown = weather not in REFUSING
        assert not shown or "not_compared" not in kinds, run.differences
        assert weather != "fine" or not run.problem, run.problem
