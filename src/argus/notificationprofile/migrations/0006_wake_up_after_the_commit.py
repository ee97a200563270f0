"""Events do not wake the workers in their own transaction any more (see ``notificationprofile.waker``)."""

from django.db import migrations

STOP = "DROP TRIGGER argus_wake_workers ON argus_notificationprofile_outboxentry"
START = """
CREATE TRIGGER argus_wake_workers AFTER INSERT ON argus_notificationprofile_outboxentry
FOR EACH STATEMENT EXECUTE FUNCTION argus_wake_workers()
"""


def remove_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(STOP)


def add_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(START)


class Migration(migrations.Migration):
    dependencies = [("argus_notificationprofile", "0005_request_id")]

    operations = [migrations.RunPython(remove_trigger, add_trigger)]
