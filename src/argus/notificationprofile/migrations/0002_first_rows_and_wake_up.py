"""The row that counts changes of wishes, time slots for those who were here before, and PostgreSQL's wake-up call."""

from datetime import time

from django.conf import settings
from django.db import migrations


MODELS = ["RoutingVersion", "Timeslot", "TimeRecurrence"]


def add_first_rows(apps, schema_editor):
    """A version to lock and to count, and an "All the time" slot for every user without one."""
    versions, timeslots, recurrences, users = (
        apps.get_model(name).objects.using(schema_editor.connection.alias)
        for name in (*map("argus_notificationprofile.{}".format, MODELS), settings.AUTH_USER_MODEL)
    )
    versions.get_or_create(pk=1)
    users = users.filter(timeslots__isnull=True)
    for user in users.iterator():
        slot = timeslots.create(user=user, name="All the time")
        recurrences.create(timeslot=slot, days=list("1234567"), start=time.min, end=time.max)


# The commit that gives workers something to do wakes them, without a query of its own.
WAKE_UP = """
CREATE FUNCTION argus_wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('argus_outbox', ''); RETURN NULL; END $$;
CREATE TRIGGER argus_wake_workers AFTER INSERT ON argus_notificationprofile_outboxentry
FOR EACH STATEMENT EXECUTE FUNCTION argus_wake_workers();
CREATE TRIGGER argus_wake_workers AFTER INSERT ON argus_notificationprofile_delivery
FOR EACH STATEMENT EXECUTE FUNCTION argus_wake_workers();
"""
BE_SILENT = """
DROP TRIGGER argus_wake_workers ON argus_notificationprofile_outboxentry;
DROP TRIGGER argus_wake_workers ON argus_notificationprofile_delivery;
DROP FUNCTION argus_wake_workers();
"""


def add_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(WAKE_UP)


def remove_trigger(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BE_SILENT)


class Migration(migrations.Migration):
    dependencies = [("argus_notificationprofile", "0001_initial")]

    operations = [
        migrations.RunPython(add_first_rows, migrations.RunPython.noop),
        migrations.RunPython(add_trigger, remove_trigger),
    ]
