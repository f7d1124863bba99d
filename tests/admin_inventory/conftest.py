import pytest

from events.models import Role, TaxMode
from tests import factories as make


@pytest.fixture
def venue():
    return make.venue(
        time_zone="Europe/Paris", currency="EUR", tax_mode=TaxMode.INCLUDED
    )


@pytest.fixture
def manager(client, venue):
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))
    return client
