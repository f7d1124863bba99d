"""A request that comes again while the first is at work, or after it died."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.idempotent_views import BOTH, made, post, work_goes_on, work_has_begun
from ticketapp.idempotency import LEASE
from ticketapp.models import IdempotencyKey

pytestmark = pytest.mark.urls("tests.idempotent_views")


def test_a_flow_that_still_runs_is_not_run_twice(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(
        response_status=None, lease_until=timezone.now() + LEASE
    )
    again = post(api, "/flow")

    assert again.status_code == 409
    assert again.json()["code"] == "request_in_progress"
    assert again.json()["action"] == "wait"
    assert again["Retry-After"] == "1"
    assert made() == 1


def test_a_flow_whose_process_died_may_be_taken_up_after_its_lease(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(response_status=None, lease_until=timezone.now())
    again = post(api, "/flow")

    assert again.status_code == 201
    assert made() == 2


def test_a_dead_flow_is_not_taken_up_by_another_body(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(response_status=None, lease_until=timezone.now())
    other = post(api, "/flow", then="-")

    assert other.status_code == 422
    assert made() == 1


@pytest.mark.django_db(transaction=True)
@BOTH
def test_a_copy_of_a_request_that_is_at_work_is_told_to_wait(buyer, address):
    first, second = APIClient(), APIClient()
    first.force_authenticate(buyer)
    second.force_authenticate(buyer)
    work_has_begun.clear()
    work_goes_on.clear()

    def send_and_hang_up():
        try:
            return post(first, address, then="linger")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send_and_hang_up)
        assert work_has_begun.wait(timeout=10)
        copy = post(second, address, then="linger")
        work_goes_on.set()

    assert (answer.result().status_code, copy.status_code) == (201, 409)
    assert copy.json()["code"] == "request_in_progress"
    assert made() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("then", ["overtaken", "overtaken, refused"])
def test_of_two_copies_that_pass_the_lock_the_later_repeats_the_first(api, then):
    """The second guard: a copy that committed after our look, before our lock."""
    answer = post(api, "/local", then=then)

    assert (answer.status_code, answer.json()) == (201, {"made": "by the other"})
    assert answer["Idempotent-Replayed"] == "true"
    assert made() == 0


@pytest.mark.django_db(transaction=True)
@BOTH
def test_twelve_copies_at_once_have_one_effect_and_no_other_answer(buyer, address):
    start = Barrier(12)

    def send(_):
        client = APIClient()
        client.force_authenticate(buyer)
        start.wait()
        answer = post(client, address)
        connection.close()
        return answer

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))

    created = {a.content for a in answers if a.status_code == 201}
    refused = {a.json()["code"] for a in answers if a.status_code != 201}
    assert made() == 1
    assert len(created) == 1
    assert refused <= {"request_in_progress"}
