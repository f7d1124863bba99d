"""What a feed says about venues and events, whatever its format."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class BadRow(ValueError):
    """A row that cannot be used; the text is the reason, for a person."""


class UnreadableDocument(ValueError):
    """A whole file that cannot be read as its format."""


@dataclass(frozen=True)
class Remark:
    """Something to tell about a line: a reason to leave it out, or a note."""

    line: int
    text: str


@dataclass
class Parsed(Generic[Row]):
    """The good rows of a document, the bad ones, and what was set right."""

    rows: list[Row] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class VenueFacts:
    """What one source says of a venue. Empty means that it does not say."""

    name: str
    city: str
    country: str
    address: str = ""
    region: str = ""
    postal_code: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_exact: bool = True
    time_zone: str = ""
    capacity: int | None = None
    # The source shouts, and the case of the words is our guess.
    recased: bool = False

    @property
    def has_point(self) -> bool:
        return self.latitude is not None and self.longitude is not None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "VenueFacts":
        known = {f.name for f in fields(cls)}
        return cls(**{name: stored[name] for name in stored if name in known})

    def filled_from(self, others: Iterable["VenueFacts"]) -> "VenueFacts":
        """These facts, with what they do not say taken from `others` in turn."""
        facts = asdict(self)
        for other in others:
            for name, value in asdict(other).items():
                if facts[name] in ("", None):
                    facts[name] = value
        return VenueFacts(**facts)


@dataclass(frozen=True)
class VenueRow:
    """A venue as one line of a file, or one object of a feed, gives it."""

    source: str
    source_id: str
    credit: str
    line: int
    facts: VenueFacts


@dataclass(frozen=True)
class PerformerRow:
    source_id: str
    name: str


@dataclass(frozen=True)
class EventRow:
    """An event as a feed lists it. Instants are UTC; the venue's zone decided."""

    source: str
    source_id: str
    line: int
    name: str
    venue: VenueRow
    local_date: date
    starts_at: datetime | None = None
    doors_at: datetime | None = None
    ends_at: datetime | None = None
    sales_open_at: datetime | None = None
    sales_close_at: datetime | None = None
    status: str = "published"
    description: str = ""
    category: str = ""
    performers: tuple[PerformerRow, ...] = ()
    image_url: str = ""
    listing_url: str = ""
