"""What staff open first, as it looks to everybody, on a phone and on a desk."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import services as inventory
from inventory.models import TicketType
from tests import factories as make
from tests.browser.conftest import PHONE
from tests.browser.desk import DESK, at_a_desk
from tests.browser.test_screens import AXE, RULES

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


def faults(page) -> list[str]:
    page.evaluate(AXE.read_text())
    told = page.evaluate(FIND_FAULTS, [PARTS, RULES])
    is_too_wide = "document.documentElement.scrollWidth > innerWidth"
    return told + ["too wide"] * page.evaluate(is_too_wide)
