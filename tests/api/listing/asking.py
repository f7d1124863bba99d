"""How the list of events is asked, and what it shows."""

EVENTS = "/api/v1/events"
HERE = {"lat": 51.5434, "lon": -0.1518}


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [card["name"] for card in response.json()["results"]]
