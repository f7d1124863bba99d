import json
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Role
from payments import services
from payments.consent import CURRENT
from payments.models import (
    Dispute,
    Incident,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
)
from tests import factories as make
from tests.factories import NOON
from tests.paying import DECLINED, DISPUTED, assert_books_are_right, held, order, paid
from tests.refunding import hear_the_bank, refund_some
from tests.standing_orders import charge_all, join_with_card, let_go, sold_out

pytestmark = pytest.mark.django_db
ORDERS = reverse("admin:payments_order_changelist")
INCIDENTS = reverse("admin:payments_incident_changelist")


@pytest.fixture
def placed():
    return paid()


@pytest.fixture
def manager(client, placed):
    return as_staff(client, placed, Role.MANAGER)


def as_staff(client, placed, role):
    staff = make.staff(venue=placed.event.venue, role=role)
    client.force_login(staff)
    return staff


def refund_page(placed) -> str:
    return reverse("admin:payments_order_refund", args=[placed.pk])


def order_page(placed) -> str:
    return reverse("admin:payments_order_change", args=[placed.pk])


def agreed(placed) -> dict:
    """What the last step sends for one ticket, from whoever could see the others."""
    lines = list(placed.lines.all()[:1])
    reason = RefundReason.STAFF
    shown = services.show_refund(
        order=placed, lines=lines, reason=reason, by=None, now=timezone.now()
    )
    return {"line": [lines[0].pk], "reason": reason, "shown": json.dumps(shown.facts)}


def selected(placed, **fields):
    return {"action": "refund_selected", "_selected_action": [placed.pk]} | fields


def confirmed(placed) -> dict:
    """What the last step for many orders sends, with this one as it is now."""
    now = timezone.now()
    shown = services.show_full_refund(order=placed, by=None, now=now)
    facts = {f"shown-{placed.pk}": json.dumps(shown.facts)}
    return selected(placed, confirmed="yes", **facts)


def test_staff_see_the_orders_of_their_venues_only(client, placed, manager):
    other = paid()

    page = client.get(ORDERS).content.decode()

    assert placed.reference in page
    assert other.reference not in page
    assert client.get(order_page(placed)).status_code == 200
    assert client.get(order_page(other)).status_code == 302
    assert client.get(refund_page(other)).status_code == 302


def test_the_door_does_not_see_orders(client, placed):
    as_staff(client, placed, Role.DOOR)

    assert client.get(ORDERS).status_code == 403


def test_an_order_shows_its_tickets_payments_cards_and_ledger(client, placed, manager):
    page = client.get(order_page(placed)).content.decode()

    payment = placed.payments.get()
    for told in [placed.user.email, "£50.00", payment.intent_id, "succeeded"]:
        assert told in page


def test_nobody_edits_an_order(client, placed):
    client.force_login(make.buyer(is_staff=True, is_superuser=True))

    page = client.get(order_page(placed)).content.decode()
    client.post(order_page(placed), {"status": "refunded", "amount": 1})

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert 'name="_save"' not in page
    assert client.get(reverse("admin:payments_order_add")).status_code == 403


def test_a_full_refund_is_previewed_and_then_made(client, placed, manager):
    preview = client.post(ORDERS, selected(placed)).content.decode()
    assert "£50.00" in preview
    assert placed.user.email in preview
    assert not Refund.objects.exists()

    client.post(ORDERS, confirmed(placed))

    refund = Refund.objects.get()
    assert (refund.amount, refund.created_by) == (5000, manager)
    services.pay_refunds(now=NOON, limit=10)
    placed.refresh_from_db()
    assert placed.status == OrderStatus.REFUNDED
    assert_books_are_right()


def test_an_order_that_changed_since_the_preview_is_not_refunded_with_the_others(
    client, placed, manager
):
    other = paid(event=placed.event)
    sent = confirmed(placed) | confirmed(other)
    sent["_selected_action"] = [placed.pk, other.pk]
    refund_some(placed, 1)

    answer = client.post(ORDERS, sent, follow=True).content.decode()

    assert f"{placed}: Nothing was refunded" in answer
    assert "Ticket 1, " in answer
    assert placed.payments.get().refunds.get().amount == 2500
    assert other.payments.get().refunds.get().amount == 5000


def test_orders_that_nobody_was_shown_are_not_refunded(client, placed, manager):
    client.post(ORDERS, selected(placed, confirmed="yes"))

    assert not Refund.objects.exists()


def test_the_box_office_reads_but_does_not_refund(client, placed):
    as_staff(client, placed, Role.BOX_OFFICE)

    page = client.get(ORDERS)
    client.post(ORDERS, confirmed(placed))
    answer = client.post(refund_page(placed), agreed(placed))

    assert page.status_code == 200
    assert answer.status_code == 403
    assert not Refund.objects.exists()


def test_a_manager_of_one_venue_does_not_refund_where_they_only_sell(client, placed):
    manager = as_staff(client, placed, Role.MANAGER)
    other = paid()
    manager.memberships.create(venue=other.event.venue, role=Role.BOX_OFFICE)

    client.post(ORDERS, confirmed(other))
    client.post(refund_page(other), agreed(other))

    assert not Refund.objects.exists()


@pytest.fixture
def elsewhere(client, placed):
    """An order of a venue where this manager of another one only sells."""
    manager = as_staff(client, placed, Role.MANAGER)
    other = paid()
    manager.memberships.create(venue=other.event.venue, role=Role.BOX_OFFICE)
    return other


def select(client, model, row, action) -> str:
    """Do it to one row; the page that follows."""
    page = reverse(f"admin:payments_{model}_changelist")
    chosen = {"action": action, "_selected_action": [row.pk]}
    return client.post(page, chosen, follow=True).content.decode()


def test_nor_do_they_try_a_failed_refund_again_there(client, elsewhere):
    failed = Refund.objects.create(
        payment=elsewhere.payments.get(),
        amount=5000,
        currency="GBP",
        reason=RefundReason.STAFF,
        status="failed",
    )

    select(client, "refund", failed, "try_again")

    failed.refresh_from_db()
    assert failed.status == "failed"


def test_nor_do_they_put_disputed_tickets_back_on_sale_there(client, elsewhere):
    lost = Dispute.objects.create(
        payment=elsewhere.payments.get(),
        provider_id="dp_1",
        provider_status="lost",
        status="lost",
        amount=5000,
        currency="GBP",
        opened_at=NOON,
    )

    select(client, "dispute", lost, "take_back")

    assert {line.ticket.status for line in elsewhere.lines.all()} == {"sold"}


def test_tickets_of_a_lost_dispute_are_put_back_on_sale_once(client, manager, placed):
    lost = Dispute.objects.create(
        payment=placed.payments.get(),
        provider_id="dp_1",
        provider_status="lost",
        status="lost",
        amount=placed.amount,
        currency="GBP",
        opened_at=NOON,
    )

    first = select(client, "dispute", lost, "take_back")
    again = select(client, "dispute", lost, "take_back")

    assert "its unused tickets are on sale again" in first
    assert "its unused tickets are on sale again" not in again
    assert "no unused ticket is left" in again


def test_what_cannot_be_refunded_says_why(client, manager, placed):
    with pytest.raises(services.CardDeclined):
        order(held(event=placed.event), DECLINED)
    pending = placed.event.orders.exclude(pk=placed.pk).get()

    page = client.get(refund_page(pending)).content.decode()
    preview = client.post(ORDERS, selected(pending)).content.decode()

    assert "it is pending" in page
    assert "it is pending" in preview


@pytest.mark.parametrize("page", ["order/{}/refund/", "refund/{}/tickets/"])
@pytest.mark.parametrize("number", ["nonsense", uuid4()])
def test_an_address_of_nothing_leads_back(client, manager, page, number):
    answer = client.get(f"/admin/payments/{page.format(number)}")

    assert answer.status_code == 302


def test_flagged_payments_can_be_found(client, placed, manager):
    flagged = paid(event=placed.event)
    Payment.objects.filter(order=flagged).update(flag="The provider does not answer.")
    address = reverse("admin:payments_payment_changelist")

    page = client.get(address, {"flagged": "yes"}).content.decode()

    assert flagged.reference in page
    assert placed.reference not in page


def test_open_incidents_are_worked_through(client, placed, manager):
    incident = Incident.objects.create(
        kind="dispute", order=placed, detail="Look at me", dedupe_key="1"
    )
    Incident.objects.create(
        kind="dispute", order=paid(), detail="Not me", dedupe_key="2"
    )
    Incident.objects.create(kind="unmatched_event", detail="Nor me", dedupe_key="3")

    page = client.get(INCIDENTS, {"state": "open"}).content.decode()
    client.post(INCIDENTS, {"action": "resolve", "_selected_action": [incident.pk]})

    incident.refresh_from_db()
    assert "Look at me" in page
    assert "Not me" not in page
    assert "Nor me" not in page
    assert incident.resolved_at


@pytest.mark.parametrize(
    "model", ["payment", "refund", "dispute", "incident", "stripeevent"]
)
def test_operators_see_every_list(client, placed, model):
    services.refund_order(order=placed, by=None, now=NOON)
    client.force_login(make.buyer(is_staff=True, is_superuser=True))

    answer = client.get(reverse(f"admin:payments_{model}_changelist"))

    assert answer.status_code == 200


def test_webhooks_are_for_operators_only(client, placed, manager):
    address = reverse("admin:payments_stripeevent_changelist")

    assert client.get(address).status_code == 403


def test_staff_watch_the_refunds_of_a_cancelled_event(client, placed, manager):
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    address = reverse("admin:payments_calledoffevent_changelist")

    before = client.get(address).content.decode()
    services.pay_refunds(now=NOON, limit=10)
    after = client.get(address).content.decode()

    assert "£0.00 of £50.00" in before
    assert "0% · 0 of 1 orders" in before
    assert "£50.00 of £50.00" in after
    assert "100% · 1 of 1 orders" in after


def test_the_page_of_a_cancelled_event_looks_again_until_the_jobs_are_done(
    client, placed, manager
):
    placed.event.move_to("cancelled")
    page = reverse("admin:payments_calledoffevent_change", args=[placed.event.pk])

    before = client.get(page)
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)
    after = client.get(page)

    assert '<progress max="100" value="0"' in before.content.decode()
    assert before["Refresh"] == "5"
    assert '<progress max="100" value="100"' in after.content.decode()
    assert "Refresh" not in after


def test_what_is_left_to_a_person_is_not_waited_for(client, placed, manager):
    disputed = paid(DISPUTED, event=placed.event)
    hear_the_bank()
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)

    told = services.progress_of(disputed.event)

    assert (told.orders, told.done, told.disputed, told.percent) == (2, 1, 1, 50)
    assert not told.goes_on


def test_staff_read_what_a_waiting_buyer_has_allowed_and_what_was_charged(client):
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)
    charge_all()
    client.force_login(make.staff(venue=rush.event.venue, role=Role.BOX_OFFICE))
    page = reverse("admin:payments_mandate_change", args=[entry.mandate.pk])

    listed = client.get(reverse("admin:payments_mandate_changelist")).content.decode()
    told = client.get(page).content.decode()

    for words in [entry.user.email, "£100.00", "•••• 4242", "purchased"]:
        assert words in listed
    for words in [CURRENT, "never more in total", "£50.00, succeeded"]:
        assert words in told
    assert 'name="_save"' not in told


def test_mandates_of_other_venues_are_not_there(client, placed, manager):
    entry = join_with_card(sold_out())

    page = reverse("admin:payments_mandate_change", args=[entry.mandate.pk])

    assert client.get(page).status_code == 302
