import json
import socket

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from ticketapp import health, tasks
from ticketapp.celery import app

NOWHERE = "unix:///nonexistent/redis.sock"


@pytest.fixture
def no_jobs():
    """The broker's queue is empty before and after."""
    app.control.purge()
    yield
    app.control.purge()


@pytest.fixture
def beating(no_jobs):
    """Worker and clock are alive: the last heartbeat was done just now."""
    tasks.heartbeat()


def missing_parts(response) -> set[str]:
    parts = json.loads(response.content)["parts"]
    return {name for name, state in parts.items() if state != health.READY}


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_healthz_is_200_when_every_part_is_ready(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "parts": dict.fromkeys(
            ["database", "migrations", "redis", "channels", "worker", "clock"], "ready"
        ),
    }
    assert response["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("beating")
def test_healthz_names_the_database(client, monkeypatch, django_db_blocker):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nonexistent")

    with django_db_blocker.unblock():
        response = client.get("/healthz")

    assert response.status_code == 503
    assert missing_parts(response) == {"database", "migrations"}
    assert "nonexistent" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("beating")
def test_healthz_names_a_migration_that_is_missing(client):
    [newest] = MigrationLoader(connection).graph.leaf_nodes("payments")
    MigrationRecorder(connection).record_unapplied(*newest)

    response = client.get("/healthz")

    assert response.status_code == 503
    assert missing_parts(response) == {"migrations"}
    assert "manage.py migrate" in response.json()["parts"]["migrations"]


@pytest.mark.django_db
def test_healthz_names_redis_and_all_that_needs_it(client, settings):
    settings.CACHES = {
        name: cache | {"LOCATION": NOWHERE} for name, cache in settings.CACHES.items()
    }
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [NOWHERE]},
        }
    }

    response = client.get("/healthz")

    assert response.status_code == 503
    assert missing_parts(response) == {"redis", "channels", "worker", "clock"}
    assert "nonexistent" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("no_jobs")
def test_healthz_names_the_worker_when_jobs_wait(client):
    tasks.heartbeat.delay()

    response = client.get("/healthz")

    assert response.status_code == 503
    assert "celery -A ticketapp worker" in response.json()["parts"]["worker"]


@pytest.mark.django_db
@pytest.mark.usefixtures("no_jobs")
def test_healthz_names_the_clock_when_nothing_is_sent(client):
    response = client.get("/healthz")

    assert response.status_code == 503
    assert "celery -A ticketapp beat" in response.json()["parts"]["clock"]


@pytest.mark.django_db
def test_an_old_heartbeat_proves_nothing(no_jobs):
    tasks.heartbeat()
    last = health.cache.get(health.HEARTBEAT_KEY)

    late = last + health.HEARTBEAT_IS_STALE_AFTER

    assert health.check_clock(now=last) is None
    assert health.check_clock(now=late) is not None


@pytest.mark.django_db
def test_healthz_gives_up_on_a_redis_that_takes_questions_and_never_answers(
    client, settings, tmp_path
):
    silent = f"unix://{tmp_path}/redis.sock"
    settings.CACHES = {
        name: cache | {"LOCATION": silent} for name, cache in settings.CACHES.items()
    }
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [silent]},
        }
    }

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/redis.sock")
        listener.listen(50)
        response = client.get("/healthz")

    assert response.status_code == 503
    assert missing_parts(response) == {"redis", "channels", "worker", "clock"}
