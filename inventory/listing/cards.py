"""From rows to what the API says about events. No queries here.

Instants in UTC stay what they are: whoever writes the JSON writes them many times
quicker than Python would.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings

from inventory.availability import EventFacts, TypeFacts
from inventory.instants import local
from inventory.pricing import Fall, Quote, Terms

Row = dict[str, Any]
JSON = dict[str, Any]


def event_card(row: Row, now: datetime) -> JSON:
    """What a list says about an event."""
    facts = facts_of(row)
    cheapest = facts.cheapest(now)
    fall = facts.next_fall(now, below=cheapest)
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "category": category_of(row),
        "performers": performers_of(row),
        "image_url": row["image_url"] or None,
        "venue": venue_of(row),
        "distance_m": distance_of(row),
        **times_of(row),
        "sales_open_at": row["sales_open_at"],
        "sales_close_at": facts.closes_at,
        "availability": facts.availability(now),
        "from_price": cheapest and money(cheapest.total_amount, cheapest.currency),
        "left": facts.left(now),
        **next_price_of(fall),
        "listing_url": row["listing_url"] or None,
    }


def event_detail(row: Row, now: datetime) -> JSON:
    """What an event's own page says."""
    card = event_card(row, now)
    card["venue"] |= {
        "address": row["address"],
        "refund_policy": row["refund_policy"],
    }
    return card | {
        "description": row["description"],
        "seller": row["venue_name"],
        "per_buyer_limit": row["per_buyer_limit"],
        "viewer_counts": row["viewer_counts"] and settings.VIEWER_COUNTS_ENABLED,
        "ticket_types": ticket_types_of(row, now),
    }


def ticket_types_of(row: Row, now: datetime) -> list[JSON]:
    """The choices a buyer has, each with its whole price."""
    event = facts_of(row)
    most = min(row["per_buyer_limit"], settings.MAX_TICKETS_PER_HOLD)
    return [
        {
            "id": facts.id,
            "name": facts.name,
            "description": facts.description,
            "price": price_of(facts.terms.at(now), facts.fee_name, row["tax_name"]),
            "availability": event.availability_of(facts, now),
            "left": None if event.why_closed(now) else facts.left,
            **next_price_of(event.next_fall_of(facts, now)),
            "max_quantity": min(most, facts.left or most),
        }
        for facts in event.types
    ]


def price_of(quote: Quote, fee_name: str, tax_name: str) -> JSON:
    """One ticket, all of it, with each part named by what it is for."""
    currency = quote.currency
    return {
        "total": money(quote.total_amount, currency),
        "unit": money(quote.unit_amount, currency),
        "fee": money(quote.fee_amount, currency) | {"name": fee_name},
        "tax": money(quote.tax_amount, currency)
        | {"name": tax_name, "included": quote.tax_included},
    }


def money(amount: int, currency: str) -> JSON:
    return {"amount": amount, "currency": currency}


def next_price_of(fall: Fall | None) -> JSON:
    return {
        "next_price": fall and money(fall.quote.total_amount, fall.quote.currency),
        "next_price_at": fall and fall.at,
    }


def performers_of(row: Row) -> list[JSON]:
    links = sorted(orjson.loads(row["performers"] or "[]"))
    return [{"id": ident, "name": name} for _, ident, name in links]


def category_of(row: Row) -> JSON | None:
    slug = row["category_slug"]
    return {"slug": slug, "name": row["category_name"]} if slug else None


def venue_of(row: Row) -> JSON:
    return {
        "id": row["venue_id"],
        "name": row["venue_name"],
        "city": row["city"],
        "country": row["country"],
        "location_precision": row["location_precision"],
        "latitude": row["latitude"],
        "longitude": row["longitude"],
        "time_zone": row["time_zone"],
    }


def distance_of(row: Row) -> int | None:
    """Metres; nothing without a position, nor for a venue known by its city."""
    if row["distance"] is None or row["location_precision"] != "exact":
        return None
    return round(row["distance"])


def times_of(row: Row) -> JSON:
    """The times of an event, and how they stand on the clock at its venue."""
    zone = ZoneInfo(row["time_zone"] or "UTC")
    return {
        "starts_at": row["starts_at"],
        "starts_at_local": local(row["starts_at"], zone),
        "doors_at": row["doors_at"],
        "doors_at_local": local(row["doors_at"], zone),
        "ends_at": row["ends_at"],
        "local_date": row["local_date"].isoformat(),
        "time_zone": row["time_zone"],
    }


def facts_of(row: Row) -> EventFacts:
    return EventFacts(
        status=row["status"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        sales_open_at=row["sales_open_at"],
        sales_close_at=row["sales_close_at"],
        types=[
            type_facts(values, row)
            for values in sorted(orjson.loads(row["types"] or "[]"))
        ],
    )


def type_facts(values: list[Any], row: Row) -> TypeFacts:
    """Read what `listing.rows` has packed for one ticket type."""
    _, name, ident, description, fee_name, unit, fee, currency, floor, *rest = values
    steps, free, room, held = rest
    return TypeFacts(
        id=ident,
        name=name,
        description=description,
        fee_name=fee_name,
        terms=Terms(
            unit_amount=unit,
            fee_amount=fee,
            currency=currency,
            tax_mode=row["tax_mode"],
            tax_basis_points=row["tax_basis_points"],
            floor_amount=floor,
            steps=steps_of(steps),
        ),
        available=free if room is None else max(0, min(free, room)),
        held=bool(held),
        is_capped=room is not None,
    )


def steps_of(steps: list[Any] | None) -> tuple[tuple[datetime, int], ...]:
    if not steps:
        return ()
    return tuple(sorted((datetime.fromisoformat(at), to) for at, to in steps))
