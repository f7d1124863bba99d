from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from notifications.models import Notification
from payments.models import StripeEvent
from tests import factories as make
from ticketapp import writing

pytestmark = pytest.mark.django_db
NOON = timezone.now()


def news(provider_id="evt_1", **fields):
    fields = {"type": "t", "object_id": "o", "payload": {"a": ["1%s"]}} | fields
    return StripeEvent(provider_id=provider_id, **fields)


def test_a_row_is_inserted_as_it_is():
    row = news(received_at=NOON, processed_at=None, error='"quoted" %(x)s')

    assert writing.insert(row) == 1

    kept = StripeEvent.objects.get(provider_id="evt_1")
    assert (kept.pk, kept.payload, kept.error) == (row.pk, row.payload, row.error)
    assert (kept.received_at, kept.processed_at) == (NOON, None)


def test_the_database_fills_in_what_is_left_to_it():
    writing.insert(news())

    kept = StripeEvent.objects.get()
    assert abs(kept.received_at - timezone.now()) < timedelta(minutes=1)


def test_a_row_that_is_there_is_left_alone():
    writing.insert(news(type="first"))

    assert writing.insert(news(type="second"), ignore_conflicts=True) == 0
    assert StripeEvent.objects.get().type == "first"


def test_a_conflict_is_an_error_unless_it_is_ignored():
    writing.insert(news())

    with pytest.raises(IntegrityError), transaction.atomic():
        writing.insert(news())


def test_several_rows_go_in_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert writing.insert(news("a"), news("b"), news("c")) == 3
    assert StripeEvent.objects.count() == 3


def test_an_inserted_row_is_updated_when_it_is_saved_again():
    row = news()
    writing.insert(row)
    row.error = "late"
    row.save()

    assert StripeEvent.objects.get().error == "late"


def test_an_update_writes_the_named_fields_alone():
    row = news()
    writing.insert(row)
    row.type, row.payload, row.error = "new", {"b": None}, "not written"

    assert writing.update(row, "type", "payload")

    kept = StripeEvent.objects.get()
    assert (kept.type, kept.payload, kept.error) == ("new", {"b": None}, "")


def test_an_update_happens_only_if_what_it_rests_on_is_so():
    row = news()
    writing.insert(row)
    row.error = "x"

    assert not writing.update(row, "error", type="another")
    assert StripeEvent.objects.get().error == ""


def test_what_the_database_works_out_is_left_to_django():
    assert writing.values_of(StripeEvent, {"attempts": F("attempts") + 1}) is None


def test_a_relation_is_written_by_its_key():
    user = make.buyer()

    assert writing.values_of(Notification, {"user": user}) == {"user_id": user.pk}


def test_a_place_on_the_map_needs_sql_of_its_own():
    venue = make.venue()

    with pytest.raises(TypeError, match="SQL of its own"):
        writing.update(venue, "location")
