"""The jobs about money, run as the worker runs them."""

from contextlib import closing
from datetime import timedelta
from socket import create_server
from threading import Thread

import pytest
from django.utils import timezone

from events import services as events
from notifications.models import Notification
from payments import tasks
from payments.gateways.sandbox import post
from payments.models import (
    OrderStatus,
    ReconcileRun,
    Refund,
    SandboxEvent,
    SavedCard,
    StripeEvent,
)
from payments.services import refund_order, set_up_card
from payments.services.differences import ALL_CHECKS, SLOWEST_CHECK
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    ALWAYS_ASKS,
    answer_challenge,
    challenge_url,
    challenged,
    held,
    paid,
    strangers_intent,
    token,
)


@pytest.mark.django_db(transaction=True)
def test_webhooks_go_over_the_wire_to_our_own_address(live_server, settings):
    placed = challenged(held())
    answer_challenge(challenge_url(placed))
    settings.SITE_URL = live_server.url

    tasks.deliver_sandbox_webhooks()
    tasks.process_webhooks()

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert not SandboxEvent.objects.exclude(next_attempt_at=None).exists()


@pytest.mark.django_db
def test_the_clock_asks_about_cards_that_somebody_was_about_to_keep():
    setup = set_up_card(user=make.buyer(), payment_method=token(ALWAYS_ASKS), now=NOON)
    answer_challenge(setup.next_action["url"])

    tasks.sweep_card_setups()

    assert SavedCard.objects.get().user == setup.user


@pytest.mark.django_db
def test_a_webhook_that_nobody_answers_waits(settings):
    paid()
    settings.SITE_URL = "http://127.0.0.1:9"

    tasks.deliver_sandbox_webhooks()

    [event] = SandboxEvent.objects.exclude(next_attempt_at=None)
    assert (event.attempts, event.last_answer) == (1, "no answer")
    assert event.next_attempt_at > timezone.now()
    assert not StripeEvent.objects.exists()


def test_after_a_line_that_was_cut_the_next_webhook_gets_another(settings):
    with create_server(("127.0.0.1", 0)) as door:
        settings.SITE_URL = f"http://127.0.0.1:{door.getsockname()[1]}"
        Thread(target=hang_up_and_then_take, args=[door]).start()
        with closing(tasks.Sender()) as send:
            answers = [send(b"{}", "t=1") for _ in range(2)]

    assert answers == [0, 200]


def hang_up_and_then_take(door):
    door.accept()[0].close()
    line, _ = door.accept()
    with line:
        line.recv(4096)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.django_db
def test_with_a_real_provider_nothing_is_delivered_from_here(settings):
    paid()
    settings.PAYMENT_SANDBOX = False

    tasks.deliver_sandbox_webhooks()

    assert SandboxEvent.objects.filter(attempts=0).exclude(next_attempt_at=None)


@pytest.mark.django_db
def test_the_other_jobs_run_and_find_their_work():
    placed = paid()
    refund_order(order=placed, by=None, now=NOON)

    tasks.sweep_payments()
    tasks.pay_refunds()
    tasks.process_webhooks()
    tasks.charge_offers()
    tasks.reconcile()

    assert Refund.objects.get().status == "succeeded"
    assert ReconcileRun.objects.get().found == 0
    assert post.purge_keys(now=timezone.now()) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "compared"), [(0, 1), (25, 2)])
def test_a_comparison_ends_before_the_worker_is_killed_over_it(
    monkeypatch, minutes, compared
):
    monkeypatch.setattr(tasks, "COMPARES_FOR", timedelta(minutes=minutes))
    for ago in (4, 5):
        strangers_intent(timezone.now() - timedelta(days=ago))

    tasks.reconcile()

    run = ReconcileRun.objects.get()
    assert (run.compared, run.left_before is None) == (compared, compared == 2)


def test_all_that_a_comparison_may_take_is_less_than_the_worker_has():
    longest = tasks.COMPARES_FOR + ALL_CHECKS + SLOWEST_CHECK

    assert longest.total_seconds() < tasks.LONGEST_COMPARISON * 0.9


@pytest.mark.django_db
@pytest.mark.parametrize(("turn", "paid_in_one"), [(0, 1), (30, 3)])
def test_a_long_list_leaves_the_worker_to_others_in_time(
    monkeypatch, turn, paid_in_one
):
    monkeypatch.setattr(tasks, "ASKED", 1)
    monkeypatch.setattr(tasks, "TURN", timedelta(seconds=turn))
    for _ in range(3):
        refund_order(order=paid(), by=None, now=NOON)

    tasks.pay_refunds()

    assert Refund.objects.filter(status="succeeded").count() == paid_in_one


@pytest.mark.django_db
def test_all_buyers_of_a_postponed_event_are_told_at_one_look(monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 1)
    show = make.event()
    for _ in range(3):
        paid(event=show)
    events.postpone_event(event=show)

    tasks.sweep_payments()

    assert Notification.objects.filter(title="Postponed: Late Show").count() == 3


@pytest.mark.django_db
def test_news_that_nobody_can_place_does_not_keep_the_rest_until_the_next_look(
    monkeypatch,
):
    monkeypatch.setattr(tasks, "ASKED", 1)
    for name in ("evt_1", "evt_2"):
        StripeEvent.objects.create(
            provider_id=name,
            type="refund.updated",
            object_id="re_1",
            payload={"data": {"object": {}}},
        )

    tasks.process_webhooks()

    assert list(StripeEvent.objects.values_list("attempts", flat=True)) == [1, 1]
