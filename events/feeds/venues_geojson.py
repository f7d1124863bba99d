"""Venues as GeoJSON: a FeatureCollection of points with HIFLD's property names.

One venue may be several features (one per team that plays there): they share
`venue_id`.
"""

from typing import Any

from events.feeds import located_json, venues
from events.feeds.rows import BadRow, Parsed, Remark, UnreadableDocument, VenueRow
from events.feeds.text import clean
from events.matching import match_key

SOURCE = "hifld"
CREDIT = "HIFLD, Major Sport Venues (US public domain)"


def parse(text: str) -> Parsed[VenueRow]:
    """Read a FeatureCollection of venues, or raise UnreadableDocument."""
    document = located_json.load(text)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UnreadableDocument('not a FeatureCollection: no list "features"')
    parsed: Parsed[VenueRow] = Parsed()
    for feature in features:
        line = getattr(feature, "line", 1)
        try:
            parsed.rows.append(_row(feature, line, parsed))
        except BadRow as error:
            parsed.errors.append(Remark(line, str(error)))
    return venues.finish(parsed)


def _row(feature: Any, line: int, parsed: Parsed[VenueRow]) -> VenueRow:
    said = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(said, dict):
        raise BadRow("the feature has no properties")
    longitude, latitude = _point(feature)
    notes: list[str] = []
    facts = venues.checked_facts(
        {
            "name": said.get("name"),
            "address": said.get("address"),
            "city": said.get("city"),
            "region": said.get("state"),
            "postal_code": said.get("zip"),
            "country": said.get("country"),
            "capacity": said.get("population", said.get("capacity")),
            "latitude": latitude,
            "longitude": longitude,
        },
        notes,
    )
    venues.add_notes(parsed, line, notes)
    own_id = clean(said.get("venue_id"))
    return VenueRow(
        source=SOURCE,
        source_id=own_id or match_key(facts.name, facts.city, facts.country),
        credit=CREDIT,
        line=line,
        facts=facts,
    )


def _point(feature: dict[str, Any]) -> tuple[Any, Any]:
    shape = feature.get("geometry")
    if shape is None:
        return None, None
    if not isinstance(shape, dict) or shape.get("type") != "Point":
        raise BadRow("the geometry is not a point")
    coordinates = shape.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        raise BadRow("the point has no coordinates")
    return coordinates[0], coordinates[1]
