"""The committed demo data, read into plain values. `SOURCE.md` says where from."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Fall:
    """So many minutes before the start the price becomes this."""

    minutes_before: int
    price: int


@dataclass(frozen=True)
class DemoTicketType:
    name: str
    price: int
    stock: int
    description: str = ""
    fee: int = 0
    fee_name: str = ""
    falls: tuple[Fall, ...] = ()
    floor: int | None = None


@dataclass(frozen=True)
class DemoShow:
    """A show of the demo. `slot` says when, `state` what is special about it."""

    key: str
    venue: str
    slot: str
    name: str
    category: str
    performers: tuple[str, ...]
    description: str
    minutes: int
    state: str
    ticket_types: tuple[DemoTicketType, ...]


def _read(name: str) -> list[dict[str, Any]]:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def venues() -> tuple[dict[str, Any], ...]:
    return tuple(_read("venues.json"))


@cache
def shows() -> tuple[DemoShow, ...]:
    return tuple(_show(row) for row in _read("shows.json"))


def _show(row: dict[str, Any]) -> DemoShow:
    types = tuple(_ticket_type(item) for item in row["ticket_types"])
    performers = tuple(row["performers"])
    return DemoShow(**row | {"ticket_types": types, "performers": performers})


def _ticket_type(row: dict[str, Any]) -> DemoTicketType:
    falls = tuple(Fall(**fall) for fall in row.get("falls", ()))
    return DemoTicketType(**row | {"falls": falls})
