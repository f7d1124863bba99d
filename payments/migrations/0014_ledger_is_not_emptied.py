from django.db import migrations

# A row's trigger is not asked when all rows go at once. Who means to empty a database
# says so in their connection.
LEDGER_IS_NOT_EMPTIED = """
CREATE TRIGGER payments_ledger_is_not_emptied
BEFORE TRUNCATE ON payments_ledgerentry
FOR EACH STATEMENT
WHEN (current_setting('ticketapp.empties_tables', true) IS DISTINCT FROM 'yes')
EXECUTE FUNCTION payments_refuse_to_rewrite();
"""
LEDGER_MAY_BE_EMPTIED = """
DROP TRIGGER payments_ledger_is_not_emptied ON payments_ledgerentry;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_refused_charges")]

    operations = [migrations.RunSQL(LEDGER_IS_NOT_EMPTIED, LEDGER_MAY_BE_EMPTIED)]
