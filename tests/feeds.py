"""One venue and one event, as feeds write them."""


def feature(**changes):
    properties = {
        "venue_id": 7, "name": "BLUE ROOM", "address": "1 MAIN STREET",
        "city": "BOSTON", "state": "MA", "zip": "02108", "country": "USA",
        "population": -999.0,
    }  # fmt: skip
    geometry = {"type": "Point", "coordinates": [-71.06, 42.36]}
    return {
        "type": "Feature",
        "properties": properties | changes.pop("properties", {}),
        "geometry": geometry,
    } | changes


VENUE = {
    "id": "V1",
    "name": "Roundhouse",
    "city": {"name": "London"},
    "country": {"countryCode": "GB"},
    "location": {"latitude": "51.5433", "longitude": "-0.1520"},
    "timezone": "Europe/London",
}


def discovery(**changes):
    start = {"localDate": "2026-06-01", "localTime": "20:00:00"}
    event = {
        "type": "event",
        "id": "E1",
        "name": "Late Show",
        "dates": {
            "start": start | changes.pop("start", {}),
            "timezone": changes.pop("timezone", "Europe/London"),
            "status": {"code": changes.pop("code", "onsale")},
        },
        "_embedded": {"venues": [VENUE | changes.pop("venue", {})]},
    }
    return event | changes
