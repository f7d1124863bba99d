"""Pages of refunds, disputes and orders: where they lead, and on which clock."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from events.models import Role
from payments.models import (
    Dispute,
    Incident,
    IncidentKind,
    PaymentAttempt,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services.repaying import GIVEN_BACK
from tests import factories as make
from tests.factories import NOON
from tests.paying import paid

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 6, 1, 18, 30, tzinfo=UTC)


@pytest.fixture
def placed():
    venue = make.venue(time_zone="Europe/Paris")
    return paid(event=make.event(venue=venue))


@pytest.fixture
def manager(client, placed):
    client.force_login(make.staff(venue=placed.event.venue, role=Role.MANAGER))
    return client


@pytest.fixture
def failed(placed):
    return Refund.objects.create(
        payment=placed.payments.get(),
        amount=5000,
        currency="GBP",
        reason=RefundReason.STAFF,
        status=RefundStatus.FAILED,
        failure="expired_or_canceled_card",
    )


@pytest.fixture
def dispute(placed):
    return Dispute.objects.create(
        payment=placed.payments.get(),
        provider_id="dp_1",
        provider_status="needs_response",
        status="open",
        amount=5000,
        currency="GBP",
        opened_at=EVENING,
    )


def change(row) -> str:
    return reverse(f"admin:payments_{row._meta.model_name}_change", args=[row.pk])


def again(refund) -> str:
    return reverse("admin:payments_refund_try_one_again", args=[refund.pk])


def read(client, page: str) -> str:
    return client.get(page).content.decode()


def test_a_refund_and_a_dispute_lead_to_their_order(manager, placed, failed, dispute):
    for row in (failed, dispute):
        assert f'href="{change(placed)}"' in read(manager, change(row))


def test_a_failed_refund_is_tried_again_from_its_page(manager, failed):
    assert again(failed) in read(manager, change(failed))
    asked = read(manager, again(failed))
    failed.refresh_from_db()
    assert "Try again: £50.00" in asked
    assert "expired_or_canceled_card" in asked
    assert failed.status == RefundStatus.FAILED

    answer = manager.post(again(failed), follow=True).content.decode()

    failed.refresh_from_db()
    assert "will be tried again" in answer
    assert failed.status == RefundStatus.PENDING


@pytest.mark.parametrize(
    ("failure", "words"),
    [("lost_or_stolen_card", "did not reach"), (GIVEN_BACK, "was not sent to")],
)
def test_before_it_is_tried_again_staff_read_whether_it_was_sent(
    manager, failed, failure, words
):
    Refund.objects.update(failure=failure)

    asked = " ".join(read(manager, again(failed)).split())

    assert f"£50.00 {words} {failed.payment.order.user.email}: {failure}." in asked


@pytest.mark.parametrize("role", [Role.BOX_OFFICE, None])
def test_nobody_else_tries_it_again(client, placed, failed, role):
    venue = placed.event.venue if role else make.venue()
    client.force_login(make.staff(venue=venue, role=role or Role.MANAGER))

    assert client.post(again(failed)).status_code == 403

    failed.refresh_from_db()
    assert failed.status == RefundStatus.FAILED


def test_only_one_that_failed_can_be_tried_again(manager, failed):
    Refund.objects.update(status=RefundStatus.SUCCEEDED)

    assert again(failed) not in read(manager, change(failed))
    assert manager.post(again(failed)).status_code == 403


def test_times_are_those_of_the_venue_and_say_so(manager, placed, dispute):
    PaymentAttempt.objects.update(created_at=EVENING)

    listed = read(manager, reverse("admin:payments_dispute_changelist"))
    page = read(manager, change(dispute))
    order = read(manager, change(placed))

    for told in (listed, page):
        assert "on the clock of Europe/Paris" in told
        assert "8:30 p.m." in told
    assert "1 Jun 20:30:00" in order


def test_who_works_in_several_zones_reads_utc_by_name(client, placed, dispute):
    make.venue()
    client.force_login(make.buyer(is_staff=True, is_superuser=True))

    listed = read(client, reverse("admin:payments_dispute_changelist"))

    assert "Times are in UTC." in listed
    assert "6:30 p.m." in listed


def test_a_row_of_no_venue_is_read_in_utc(client, placed):
    client.force_login(make.buyer(is_staff=True, is_superuser=True))
    incident = Incident.objects.create(
        kind=IncidentKind.RECONCILE, detail="Lost", created_at=NOON, dedupe_key="x"
    )

    assert "Times are in UTC." in read(client, change(incident))


def test_a_no_is_a_word_and_not_an_alarm(manager, failed):
    page = read(manager, change(failed))

    assert "<span>No</span>" in page
    assert 'title="False"' not in page
