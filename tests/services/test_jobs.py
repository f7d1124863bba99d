"""Telling the workers to look costs nothing that matters."""

from time import monotonic, perf_counter

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction
from django_redis.exceptions import ConnectionInterrupted

from ticketapp import jobs
from ticketapp.tasks import heartbeat


def celery_at(broker):
    app = Celery("elsewhere", broker=broker, set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return app


@pytest.fixture
def told(monkeypatch):
    """A broker in memory, and the tasks that it was told of."""
    app = celery_at("memory://")
    monkeypatch.setattr(jobs, "app", app)

    def tasks():
        with app.connection_for_read() as connection:
            queue = connection.SimpleQueue("celery")
            return [queue.get_nowait().headers["task"] for _ in range(queue.qsize())]

    return tasks


@pytest.mark.django_db
def test_workers_are_told_after_the_commit(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        jobs.look_now("app.tasks.work")
        assert told() == []

    assert told() == ["app.tasks.work"]


@pytest.mark.django_db(transaction=True)
def test_workers_are_not_told_of_what_was_rolled_back(told):
    with transaction.atomic():
        jobs.look_now("app.tasks.work")
        transaction.set_rollback(True)

    assert told() == []


@pytest.mark.django_db(transaction=True)
def test_a_message_that_waits_speaks_for_all_that_follows(told):
    for _ in range(3):
        jobs.look_now("app.tasks.work")
    jobs.look_now("app.tasks.other_work")

    assert told() == ["app.tasks.work", "app.tasks.other_work"]


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_after_a_job_began_is_asked_for_again(told):
    jobs.look_now(heartbeat.name)
    heartbeat.before_start("its id", (), {})

    jobs.look_now(heartbeat.name)

    assert told() == [heartbeat.name, heartbeat.name]


@pytest.mark.django_db(transaction=True)
def test_one_message_gathers_what_is_asked_for_within_a_moment(told, monkeypatch):
    jobs.look_now("app.tasks.gathering", gather=60)
    monkeypatch.setattr(jobs, "get_redis_connection", None)  # Nobody asks it now.

    jobs.look_now("app.tasks.gathering", gather=60)

    assert told() == ["app.tasks.gathering"]


@pytest.mark.django_db(transaction=True)
def test_another_process_knows_how_long_the_message_still_waits(told, monkeypatch):
    jobs.look_now("app.tasks.shared", gather=60)
    monkeypatch.setattr(jobs, "_waits_until", {})
    jobs.look_now("app.tasks.shared", gather=60)
    waits_for = jobs._waits_until["app.tasks.shared"] - monotonic()

    assert told() == ["app.tasks.shared"]
    assert 50 < waits_for < 60


@pytest.mark.django_db(transaction=True)
def test_what_comes_after_the_moment_is_asked_for_again(told):
    jobs.look_now(heartbeat.name, gather=0.01)
    heartbeat.before_start("its id", (), {})
    while monotonic() < jobs._waits_until[heartbeat.name]:
        pass

    jobs.look_now(heartbeat.name, gather=0.01)

    assert told() == [heartbeat.name, heartbeat.name]


def test_the_message_is_for_after_the_moment(monkeypatch):
    sent = []
    monkeypatch.setattr(jobs.app, "send_task", lambda *_, **how: sent.append(how))
    jobs._publish("app.tasks.later", 0.25)

    assert [how["countdown"] for how in sent] == [0.25]


@pytest.mark.django_db(transaction=True)
def test_workers_are_told_each_time_while_nobody_remembers(told, monkeypatch):
    def nobody():
        raise ConnectionInterrupted(connection=None)

    monkeypatch.setattr(jobs, "get_redis_connection", nobody)
    jobs.look_now(heartbeat.name)
    heartbeat.before_start("its id", (), {})
    jobs.look_now(heartbeat.name)

    assert told() == [heartbeat.name, heartbeat.name]


def test_every_task_takes_its_mark_away_when_it_begins():
    assert isinstance(heartbeat, jobs.Job)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_warning_and_a_blink(monkeypatch, caplog):
    monkeypatch.setattr(jobs, "app", celery_at("redis+socket:///nowhere/redis.sock"))
    start = perf_counter()
    jobs.look_now("app.tasks.work")

    assert perf_counter() - start < 2
    assert "the sweep will run app.tasks.work" in caplog.text
