import pytest

from events import geocoding
from events.geocoding import NominatimGeocoder
from tests import factories as make
from tests.nominatim import Clock, StandIn, serving


@pytest.fixture
def nominatim(settings):
    stand_in = StandIn()
    with serving(stand_in) as address:
        settings.GEOCODER_URL = address
        settings.GEOCODER_USER_AGENT = "ticketapp-tests (tests@example.org)"
        yield stand_in


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def geocoder(nominatim, clock):
    return NominatimGeocoder(pause=clock.pause, clock=clock)


@pytest.fixture
def unhurried(monkeypatch, clock):
    """The command's own geocoder, with a clock that nobody waits for."""
    monkeypatch.setattr(geocoding.time, "sleep", clock.pause)
    init = NominatimGeocoder.__init__
    monkeypatch.setattr(
        NominatimGeocoder,
        "__init__",
        lambda self: init(self, pause=clock.pause, clock=clock),
    )
    return clock


@pytest.fixture
def tonight(db):
    return make.tonight()
