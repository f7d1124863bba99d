import events.currencies
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0001_initial'),
    ]

    operations = [
        # Typed in small letters until now.
        migrations.RunSQL(
            "UPDATE events_venue SET currency = upper(currency)"
            " WHERE currency <> upper(currency)",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='venue',
            name='currency',
            field=events.currencies.CurrencyField(default='GBP', help_text='ISO 4217.', max_length=3),
        ),
        migrations.AddConstraint(
            model_name='venue',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='events_venue_currency_is_three_capital_letters'),
        ),
    ]
