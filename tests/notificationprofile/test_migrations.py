"""Coming from an installation that had no notification profiles yet, and going back to it."""

import os
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from argus.auth.models import User
from argus.incident.models import Change
from argus.notificationprofile.models import ProfileVersion, TimeRecurrence
from tests.factories import make_event, make_incident
from tests.live import SOURCE_DIR

pytestmark = pytest.mark.slow

APP = "argus_notificationprofile"
# The database that the settings name has no tables at all.
MIGRATE_ANOTHER = """
import sys, django
from django.db import connections
django.setup()
settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}
connections.settings["other"] = connections.configure_settings({"default": {}, "other": settings})["other"]
from django.core.management import call_command
from argus.notificationprofile.models import ProfileVersion
call_command("migrate", database="other", verbosity=0)
print(ProfileVersion.objects.using("other").count())
"""


@pytest.fixture
def migrate(transactional_db):
    """Go to a migration of the app, ``None`` for before the first; in the end all are there again."""

    def go(name: str | None) -> None:
        MigrationExecutor(connection).migrate([(APP, name)])

    yield go
    call_command("migrate", verbosity=0)


def last_migration() -> str:
    (leaf,) = MigrationExecutor(connection).loader.graph.leaf_nodes(APP)
    return leaf[1]


def test_the_models_are_as_the_migrations_leave_them(db):
    call_command("makemigrations", APP, check=True, dry_run=True, verbosity=0)


def test_existing_users_get_the_default_timeslot_once(migrate):
    last = last_migration()
    User.objects.create_user("kari")
    migrate(None)
    with connection.cursor() as cursor:
        assert not [name for name in connection.introspection.table_names(cursor) if name.startswith(APP)]

    migrate(last)

    (recurrence,) = TimeRecurrence.objects.filter(timeslot__user__username="kari")
    assert recurrence.timeslot.name == "All the time"
    assert recurrence.is_all_day
    assert recurrence.days == list("1234567")
    assert ProfileVersion.objects.count() == 1


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the same for all kinds of databases")
def test_the_first_rows_are_written_where_the_tables_are(tmp_path):
    surroundings = {**os.environ, "PYTHONPATH": str(SOURCE_DIR), "ARGUS_VAR_DIR": str(tmp_path)}
    surroundings["DJANGO_SETTINGS_MODULE"] = "argus.site.settings.test"
    command = [sys.executable, "-c", MIGRATE_ANOTHER, str(tmp_path / "other.sqlite3")]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("1\n", "")


def test_migrations_are_reversible(migrate):
    last = last_migration()
    migrate(None)
    migrate(last)

    make_incident()

    assert Change.objects.unrouted().count() == 1


def test_events_in_the_outbox_become_changes_and_go_back(migrate):
    last = last_migration()
    waiting, routed = make_incident(restricted=True), make_incident()
    make_event(waiting, "OTH")
    Change.objects.filter(incident=routed).update(routed=True)
    fields = ("event", "incident", "kind", "restricted", "quiet", "request_id", "created", "routed")
    unrouted = list(Change.objects.unrouted().order_by("pk").values_list(*fields))

    migrate("0007_deliveries_not_made")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT event_id FROM {APP}_outboxentry ORDER BY id")
        assert [pk for (pk,) in cursor.fetchall()] == list(waiting.events.order_by("pk").values_list("pk", flat=True))
    Change.objects.all().delete()
    migrate(last)

    assert list(Change.objects.order_by("pk").values_list(*fields)) == unrouted
