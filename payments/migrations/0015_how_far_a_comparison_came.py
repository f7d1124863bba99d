from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_ledger_is_not_emptied")]

    operations = [
        migrations.AddField(
            model_name="reconcilerun",
            name="left_before",
            field=models.DateTimeField(
                "left to a later run: begun before",
                blank=True,
                help_text="How far back it came, if there was no time for all.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="reconcilerun",
            name="problem",
            field=models.CharField(
                blank=True, help_text="Why it could not be finished.", max_length=1000
            ),
        ),
    ]
