import pytest
from django.db import connection, transaction

from accounts.models import User
from payments.models import LedgerEntry
from tests import emptying
from tests import factories as make
from tests.concurrency.racing import Rival
from tests.paying import paid

pytestmark = pytest.mark.django_db(transaction=True)


def tables_with_rows() -> set[str]:
    found = set(connection.introspection.django_table_names(only_existing=True))
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})"
                for table in found
            )
        )
        return {table for (table,) in cursor.fetchall()}


def test_only_what_migrating_made_is_left():
    paid()
    assert LedgerEntry.objects.exists()

    emptying.empty_all_tables()

    assert tables_with_rows() == emptying.MADE_BY_MIGRATING


def test_who_is_still_at_work_is_waited_for():
    with transaction.atomic():
        make.buyer()
        emptied = Rival(emptying.empty_all_tables)
        emptied.start_and_run_as_far_as_it_can()

    assert emptied.outcome() is None
    assert not User.objects.exists()
