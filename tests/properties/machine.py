"""Random programs of everything that can happen, checked after every step."""

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import initialize, rule

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import Hold
from payments import services as payments
from payments.consent import CURRENT
from payments.models import Order, SavedCard
from tests import beside, paying
from tests.properties import provider
from tests.properties.office import Office
from tests.properties.provider import ASKING, CARDS, REFUSED
from tests.properties.stage import LOTS, chosen, picks, some, types

BEAT = timedelta(seconds=120)
buyers = st.sampled_from(["ann", "bob", "cat", "dan"])
groups = st.integers(1, 3)
cards = st.sampled_from([*["visa"] * 3, *CARDS])
paying_weather = st.sampled_from(provider.WHEN_PAYING)
sweeping_weather = st.sampled_from(provider.WHEN_SWEEPING)


class Evening(Office):
    """One evening's trade. Each rule is one thing that people or machines do."""

    # Buyers

    @initialize(sales=st.lists(st.tuples(buyers, types, groups, cards), max_size=4))
    def some_have_bought(self, sales):
        """Otherwise most evenings are over before anything is sold out."""
        for who, type_, quantity, card in sales:
            self.buy(who, type_, quantity, card, "fine")
            self.nothing_is_wrong()

    @rule(who=buyers, type_=types, quantity=groups)
    def hold(self, who, type_, quantity):
        self._hold(who, type_, quantity)

    def _hold(self, who, type_, quantity) -> Any:
        return self.attempt(
            "fine",
            inventory.hold_tickets,
            user=self.world.buyer(who),
            ticket_type=self.world.ticket_type(type_),
            quantity=quantity,
        )

    @rule(who=buyers, type_=types, quantity=groups, card=cards, weather=paying_weather)
    def buy(self, who, type_, quantity, card, weather):
        held = self._hold(who, type_, quantity)
        if isinstance(held, Hold):
            self._pay(held, card, weather)

    @some("live")
    @rule(pick=picks, card=cards, weather=paying_weather, another_card=st.booleans())
    def pay(self, pick, card, weather, another_card):
        self._pay(chosen(self.live, pick), card, weather, another_card=another_card)

    @some("active")
    @rule(pick=picks)
    def release(self, pick):
        self.attempt("fine", inventory.release_hold, hold=chosen(self.active, pick))

    def _pay(self, hold, card, weather, *, another_card=False) -> None:
        self._expect_charge(hold, card)
        order = Order.objects.filter(hold=hold).first()
        if order and another_card:
            action, what = payments.pay_order, {"order": order}
        else:
            user = self.world.buyer(self._name(hold.user_id))
            action, what = payments.place_order, {"user": user, "hold": hold}
        method = paying.token(CARDS[card])
        paid = self.attempt(weather, action, payment_method=method, **what)
        self._must_have_paid(hold, order, card, weather, paid)

    def _expect_charge(self, hold: Hold, card: str) -> None:
        type_ = self.world.type_names[hold.ticket_type_id]
        today = self.world.price(type_, self.now) * hold.quantity
        if card not in (*REFUSED, *ASKING):
            self.may_charge = {self._name(hold.user_id): {0, hold.total_amount, today}}

    def _must_have_paid(self, hold, order, card, weather, paid) -> None:
        """A fresh hold, a good card and a fair day leave no room for excuses."""
        good = card not in (*REFUSED, *ASKING)
        fresh = hold.status == "active" and hold.expires_at > self.now and not order
        on = self._event().status in (EventStatus.PUBLISHED, EventStatus.PAUSED)
        if good and fresh and on and weather == "fine":
            assert isinstance(paid, Order), paid
            assert paid.status == "paid", paid.status

    @some("challenged")
    @rule(pick=picks, passed=st.booleans())
    def answer_the_bank(self, pick, passed):
        intent = chosen(self.challenged, pick)
        self._charge_by_bank(intent)
        url = intent["next_action"]["redirect_to_url"]["url"]
        paying.answer_challenge(url, passed=passed)

    @some("thinking")
    @rule(pick=picks)
    def bank_decides(self, pick):
        intent = chosen(self.thinking, pick)
        self._charge_by_bank(intent)
        provider.decide(intent["id"])

    def _charge_by_bank(self, intent: dict) -> None:
        order = self._order_of(intent)
        self.may_charge = {self._name(order.user_id): {0, intent["amount"]}}

    def _order_of(self, intent: dict) -> Order:
        named = intent["metadata"]["order"]
        [order] = [order for order in self.view.orders if str(order.pk) == named]
        return order

    @some("pending")
    @rule(pick=picks, weather=sweeping_weather)
    def cancel_order(self, pick, weather):
        order = chosen(self.pending, pick)
        self.attempt(weather, payments.cancel_order, order=order)

    # Those who wait

    @rule(
        who=buyers,
        type_=types,
        quantity=groups,
        most=st.sampled_from([None, None, 4000, 10000]),
        hours=st.sampled_from([1, 12]),
    )
    def join_waitlist(self, who, type_, quantity, most, hours):
        self.attempt(
            "fine",
            inventory.join_waitlist,
            user=self.world.buyer(who),
            ticket_type=self.world.ticket_type(type_),
            quantity=quantity,
            max_total_amount=most,
            ends_at=self.now + timedelta(hours=hours),
        )

    @rule(
        who=buyers,
        type_=types,
        quantity=groups,
        most=st.sampled_from([4000, 10000]),
        card=st.sampled_from(provider.CARDS_TO_KEEP),
    )
    def join_waitlist_with_a_card(self, who, type_, quantity, most, card):
        """To be bought for, after keeping the card for it."""
        user = self.world.buyer(who)
        method = paying.token(CARDS[card])
        self.attempt("fine", payments.set_up_card, user=user, payment_method=method)
        # The same card twice is kept once.
        cards = SavedCard.objects.filter(user=user, removed_at=None, lost_at=None)
        kept = cards.get(last4=CARDS[card][-4:])
        self.attempt(
            "fine",
            payments.wait_for_tickets,
            user=user,
            ticket_type=self.world.ticket_type(type_),
            quantity=quantity,
            max_total_amount=most,
            card=kept.pk,
            consent_version=CURRENT,
            ends_at=self.now + timedelta(hours=1),
        )

    @some("waiting")
    @rule(pick=picks, weather=sweeping_weather)
    def leave_waitlist(self, pick, weather):
        entry = chosen(self.waiting, pick)
        self.attempt(weather, payments.stop_waiting, entry=entry)

    @some("waiting")
    @rule(weather=paying_weather)
    def charge_offers(self, weather):
        self._charge_offers(weather)

    # The provider, its post and its banks

    @some("post")
    @rule(pick=picks, times=st.integers(1, 2))
    def a_webhook_comes(self, pick, times):
        provider.bring(chosen(self.post, pick), times, self.now)

    @some("post")
    @rule(backwards=st.booleans(), times=st.integers(1, 2))
    def all_webhooks_come(self, backwards, times):
        for event in reversed(self.post) if backwards else self.post:
            provider.bring(event, times, self.now)

    @some("losable")
    @rule(pick=picks)
    def a_webhook_is_lost(self, pick):
        provider.lose(chosen(self.losable, pick))

    @rule()
    def banks_act(self):
        provider.let_banks_act()

    @some("disputes")
    @rule(pick=picks, word=st.sampled_from(["winning_evidence", "losing_evidence"]))
    def a_dispute_is_decided(self, pick, word):
        path = f"/v1/disputes/{chosen(self.disputes, pick)['id']}"
        paying.ask("POST", path, {"evidence[uncategorized_text]": word})

    @some("bought")
    @rule(pick=picks, amount=st.sampled_from([100, 1000]))
    def refund_in_the_dashboard(self, pick, amount):
        order = chosen(self.bought, pick)
        for payment in order.payments.filter(status="succeeded"):
            wanted = {"payment_intent": payment.intent_id, "amount": amount}
            self.refunded_by_hand += 1
            paying.ask("POST", "/v1/refunds", wanted)

    @some("customers")
    @rule(pick=picks)
    def delete_a_customer_in_the_dashboard(self, pick):
        paying.ask("DELETE", f"/v1/customers/{chosen(self.customers, pick)}")

    @some("cancelled")
    @rule(pick=picks)
    def take_a_cancelled_intent_by_hand(self, pick):
        """In the dashboard, where nobody should be able to."""
        intent = chosen(self.cancelled, pick)
        self._charge_by_bank(intent)
        self.memory.by_hand[intent["metadata"]["order"]].append(intent["amount"])
        beside.take_intent_by_hand(intent["id"])

    @some("kept")
    @rule(pick=picks)
    def detach_a_card_in_the_dashboard(self, pick):
        paying.ask("POST", f"/v1/payment_methods/{chosen(self.kept, pick)}/detach")

    @some("challenged")
    @rule(pick=picks, card=cards, weather=paying_weather)
    def take_the_first_by_hand_after_another_card(self, pick, card, weather):
        """The first intent was cancelled for it, or so we were told."""
        intent = chosen(self.challenged, pick)
        order = self._order_of(intent)
        self._pay(order.hold, card, weather, another_card=True)
        there = provider.Books.read().objects[intent["id"]]
        if there["status"] == "canceled":
            name, amount = self._name(order.user_id), intent["amount"]
            before = self.may_charge.get(name, {0})
            self.may_charge = {name: before | {amount + more for more in before}}
            self.memory.by_hand[str(order.pk)].append(amount)
            beside.take_intent_by_hand(intent["id"])

    # Workers

    @rule(weather=st.sampled_from(provider.WHEN_HEARING))
    def process_webhooks(self, weather):
        self.attempt(weather, payments.process_events, limit=LOTS)

    @rule()
    def release_expired_holds(self):
        self.attempt("fine", inventory.release_expired_holds, limit=LOTS)

    @rule(weather=sweeping_weather)
    def sweep_payments(self, weather):
        self.attempt(weather, payments.sweep_payments, limit=LOTS)

    @rule(weather=st.sampled_from(provider.WHEN_REFUNDING))
    def pay_refunds(self, weather):
        self.attempt(weather, payments.pay_refunds, limit=LOTS)

    @rule(seconds=st.sampled_from([5, 20, 60]))
    def a_moment_passes(self, seconds):
        """Shorter than the sweeps are allowed to be away."""
        self._pass(timedelta(seconds=seconds))
        if self.unswept >= BEAT:
            self._sweep_all("fine")

    @rule(
        minutes=st.sampled_from([3, 9, 30]),
        weather=sweeping_weather,
    )
    def time_passes(self, minutes, weather):
        """Long, so the beat has run all its jobs by the end of it."""
        self._pass(timedelta(minutes=minutes))
        self._sweep_all(weather)
