"""The outbox and the ledger remember the request that they are from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("argus_notificationprofile", "0004_reason_quiet")]

    operations = [
        migrations.AddField(
            model_name=model,
            name="request_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        )
        for model in ("outboxentry", "delivery")
    ]
