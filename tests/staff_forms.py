"""What the pages of events and of ticket types post, and what they say back."""

from django.urls import reverse

from events.models import Event

LIST = reverse("admin:events_event_changelist")


def change(event: Event) -> str:
    return reverse("admin:events_event_change", args=[event.pk])


def form_of(venue, types=(), **changes):
    """What the event page posts: its fields and a row for each ticket type."""
    fields = {
        "name": "Late Show",
        "venue": venue.pk,
        "per_buyer_limit": 6,
        "starts_at_0": "2027-06-01",
        "starts_at_1": "20:00",
        "ticket_types-TOTAL_FORMS": len(types),
        "ticket_types-INITIAL_FORMS": sum("id" in row for row in types),
    }
    for number, row in enumerate(types):
        defaults = {"position": 0, "fee": "", "fee_name": "", "floor": ""}
        for name, value in (defaults | row).items():
            fields[f"ticket_types-{number}-{name}"] = value
    return fields | changes


def row_of(ticket_type, **changes):
    return {
        "id": ticket_type.pk,
        "event": ticket_type.event_id,
        "name": ticket_type.name,
        "price": "25.00",
        "tickets": ticket_type.capacity,
        **changes,
    }


def problems_of(response) -> str:
    assert response.status_code == 200
    found = response.context["errors"]
    return " ".join(str(problem) for problem in found)


def plan_of(kind, **changes):
    """What the page of a ticket type posts."""
    fields = {
        "name": kind.name,
        "price": "25",
        "fee": "",
        "floor": "",
        "position": 0,
        "tickets": kind.capacity,
    }
    for prefix in ("price_steps", "overrides"):
        fields |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return fields | changes
