"""What staff open first, as it looks to everybody, on a phone and on a desk."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import services as inventory
from inventory.models import TicketType
from payments import services as payments
from payments.models import Incident, IncidentKind, Refund, RefundReason
from tests import factories as make
from tests.browser.conftest import PHONE
from tests.browser.desk import DESK, at_a_desk
from tests.browser.test_screens import AXE, RULES
from tests.paying import order

PARTS = ".tonight, .urgency"
FIND_FAULTS = """
async ([part, tags]) => {
  const shown = document.querySelector(part);
  const { violations } = await axe.run(shown, { runOnly: tags });
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}
"""


@pytest.fixture
def manager(rush):
    manager = make.staff(venue=rush.event.venue)
    now = timezone.now()
    kind = TicketType.objects.with_terms().get(pk=rush.pk)
    inventory.hold_tickets(user=make.buyer(), ticket_type=kind, quantity=4, now=now)
    kind.price_steps.create(starts_at=now + timedelta(minutes=9), unit_amount=900)
    return manager


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_staff_pages_can_be_used_by_everybody(
    chromium, stack, rush, manager, size, colours
):
    looks = {"viewport": size, "color_scheme": colours, "bypass_csp": True}
    with at_a_desk(chromium, stack.url, manager, **looks) as page:
        page.get_by_text("4 held · 8 free of 12").wait_for()
        found = {"tonight": faults(page)}
        page.get_by_role("link", name="What buyers are told at Late Show").click()
        page.get_by_text("8 left on this app").wait_for()
        found["urgency"] = faults(page)

    assert found == {"tonight": [], "urgency": []}


@pytest.fixture
def bought(rush):
    """Two tickets of tonight's show, paid for."""
    now = timezone.now()
    kind = TicketType.objects.with_terms().get(pk=rush.pk)
    hold = inventory.hold_tickets(
        user=make.buyer(), ticket_type=kind, quantity=2, now=now
    )
    return order(hold, now=now)


def refund_one_meanwhile(bought) -> None:
    payments.refund_lines(
        order=bought,
        lines=bought.lines.order_by("pk")[:1],
        reason=RefundReason.STAFF,
        by=None,
        now=timezone.now(),
    )


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_each_step_of_a_refund_can_be_used_by_everybody(
    chromium, stack, bought, size, colours
):
    manager = make.staff(venue=bought.event.venue)
    looks = {"viewport": size, "color_scheme": colours, "bypass_csp": True}
    with at_a_desk(chromium, stack.url, manager, **looks) as page:
        page.goto("/admin/payments/order/")
        page.locator("input[name=_selected_action]").check()
        page.locator("select[name=action]").select_option("refund_selected")
        page.get_by_role("button", name="Run").click()
        page.get_by_text("2 tickets stop being good at once: 2 on sale").wait_for()
        found = {"many": faults(page, ".refund")}
        page.goto(f"/admin/payments/order/{bought.pk}/refund/")
        found["choose"] = faults(page, ".refund")
        page.get_by_role("button", name="Preview").press("Enter")
        page.get_by_text("2 on sale again.").wait_for()
        found["preview"] = faults(page, ".refund")
        refund_one_meanwhile(bought)
        page.get_by_role("button", name="Refund £64.00").press("Enter")
        page.get_by_role("alert").get_by_text("was refunded meanwhile").wait_for()
        found["changed"] = faults(page, ".refund")

    assert found == {"many": [], "choose": [], "preview": [], "changed": []}


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_an_event_is_cancelled_by_everybody_and_followed(
    chromium, stack, bought, size, colours
):
    manager = make.staff(venue=bought.event.venue)
    looks = {"viewport": size, "color_scheme": colours, "bypass_csp": True}
    with at_a_desk(chromium, stack.url, manager, **looks) as page:
        page.goto("/admin/events/event/")
        page.locator("input[name=_selected_action]").check()
        page.locator("select[name=action]").select_option("cancel")
        page.get_by_role("button", name="Run").click()
        page.get_by_role("heading", name="Cancel this event?").wait_for()
        page.get_by_text("£64.00 goes back to 1 person, for 1 order.").wait_for()
        found = faults(page, "form:has([name=confirmed])")
        page.get_by_role("button", name="Cancel this event").press("Enter")
        page.get_by_role("link", name="see its refunds").press("Enter")
        page.get_by_text("of £64.00").wait_for()

    assert found == []


def test_what_a_page_was_opened_with_draws_nothing(chromium, stack, rush, manager):
    with at_a_desk(chromium, stack.url, manager) as page:
        page.goto(f"/admin/events/event/{rush.event.pk}/change/")
        opened_with = page.locator("[name=opened_with]")
        opened_with.wait_for(state="attached")

        assert opened_with.input_value()
        around = page.locator("fieldset", has=opened_with)
        assert around.bounding_box() is None


def test_a_long_incident_is_read_whole_on_a_phone(chromium, stack, bought):
    detail = " ".join(["It went wrong, and then it went wrong again."] * 6)
    Incident.objects.create(
        kind=IncidentKind.RECONCILE, order=bought, detail=detail, dedupe_key="long"
    )
    manager = make.staff(venue=bought.event.venue)
    with at_a_desk(chromium, stack.url, manager, viewport=PHONE) as page:
        page.goto("/admin/payments/incident/")
        cell = page.get_by_role("cell", name=detail)
        height, shown = cell.evaluate("cell => [cell.scrollHeight, cell.clientHeight]")

    assert height == shown


def test_a_refund_needs_no_script(chromium, stack, bought):
    manager = make.staff(venue=bought.event.venue)
    with at_a_desk(chromium, stack.url, manager) as desk:
        signed_in = desk.context.storage_state()
    context = chromium.new_context(
        base_url=stack.url, storage_state=signed_in, java_script_enabled=False
    )
    page = context.new_page()

    page.goto(f"/admin/payments/order/{bought.pk}/refund/")
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Refund £32.00").click()
    page.get_by_text("£32.00: the refund is on its way.").wait_for(state="attached")
    context.close()

    assert Refund.objects.get().amount == 3200


def faults(page, parts: str = PARTS) -> list[str]:
    page.evaluate(AXE.read_text())
    told = page.evaluate(FIND_FAULTS, [parts, RULES])
    is_too_wide = "document.documentElement.scrollWidth > innerWidth"
    return told + ["too wide"] * page.evaluate(is_too_wide)
