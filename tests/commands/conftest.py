import pytest

from tests import factories as make


@pytest.fixture
def tonight(db):
    return make.tonight()
