"""Move the stored responses to requests with an ``Idempotency-Key`` to ``argus.http``."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

COLUMNS = 'user_id, "key", digest, "time", status, body'


def copy_records(apps, schema_editor):
    """Copy the responses of the last 24 hours: older ones have expired."""
    old = apps.get_model("argus_incident", "GivenAnswer")._meta.db_table
    new = apps.get_model("argus_http", "IdempotencyRecord")._meta.db_table
    newest = schema_editor.connection.ops.adapt_datetimefield_value(timezone.now() - timedelta(hours=24))
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO {new} ({COLUMNS}) SELECT {COLUMNS} FROM {old} WHERE "time" > %s', [newest])


class Migration(migrations.Migration):

    dependencies = [
        ("argus_incident", "0008_tags_in_order"),
        ("argus_http", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(copy_records, migrations.RunPython.noop),
        migrations.DeleteModel("GivenAnswer"),
    ]
