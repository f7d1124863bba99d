import events.currencies
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0002_currency_codes'),
        ('inventory', '0005_what_a_look_left_out'),
    ]

    operations = [
        # Typed in small letters until now.
        migrations.RunSQL(
            "UPDATE inventory_tickettype SET currency = upper(currency)"
            " WHERE currency <> upper(currency)",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='tickettype',
            name='currency',
            field=events.currencies.CurrencyField(help_text='ISO 4217, such as GBP.', max_length=3),
        ),
        migrations.AddConstraint(
            model_name='tickettype',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='inventory_ticket_type_currency_is_three_capital_letters'),
        ),
    ]
