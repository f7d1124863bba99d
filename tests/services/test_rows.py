import pytest
from django.db import models

from events.coordinates import coordinates_of
from events.models import Event, Venue
from inventory.models import TicketType
from tests import factories as make
from ticketapp.models import PublicModel
from ticketapp.rows import instance_of

pytestmark = pytest.mark.django_db


def state(row):
    return {name: value for name, value in vars(row).items() if name != "_state"}


@pytest.mark.parametrize("model", [TicketType, Event, Venue])
def test_an_instance_is_like_the_one_that_django_makes(model):
    make.ticket_type(stock=1)
    names = tuple(field.attname for field in model._meta.concrete_fields)
    values = model.objects.values_list(*names).get()

    made = instance_of(model, names, values)

    theirs = model.objects.get()
    assert made == theirs
    assert state(made) == state(theirs)
    assert (made._state.adding, made._state.db) == (False, theirs._state.db)


def test_what_was_not_read_is_read_when_asked_for(django_assert_num_queries):
    event = make.event(name="Late show")

    made = instance_of(Event, ("id", "status"), (event.pk, event.status))

    assert made.get_deferred_fields() >= {"name", "starts_at"}
    with django_assert_num_queries(1):
        assert made.name == "Late show"


def test_a_place_is_a_place_however_it_was_written():
    venue = make.venue()
    text = venue.location.hexewkb.decode()

    made = instance_of(Venue, ("id", "location"), (venue.pk, text))

    assert made.location == venue.location


def test_too_few_values_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        instance_of(Event, ("id", "status"), (make.event().pk,))


def test_a_model_with_a_way_of_its_own_is_left_to_itself():
    class Special(PublicModel):
        name = models.TextField()

        class Meta:
            app_label = "tests"
            managed = False

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

    with pytest.raises(TypeError, match="own way"):
        instance_of(Special, ("name",), ("one",))


@pytest.mark.parametrize("at", [(51.5, -0.1), (-33.9, 151.2), (0.0, 0.0), (90.0, 180)])
def test_a_venue_says_where_it_is_before_and_after_somebody_looked(at):
    venue = make.venue(at=at)
    stored = Venue.objects.filter(pk=venue.pk).extra(select={"text": "location::text"})
    [text] = stored.values_list("text", flat=True)

    raw = instance_of(Venue, ("id", "location"), (venue.pk, text))

    assert raw.coordinates == at
    assert (raw.location.y, raw.location.x) == at
    assert raw.coordinates == venue.coordinates == at


def test_a_venue_whose_place_is_unknown_is_nowhere():
    assert Venue().coordinates == (None, None)
    assert coordinates_of("SRID=4326;POINT (1 2)") == (2, 1)
