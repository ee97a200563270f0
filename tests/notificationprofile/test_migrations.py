"""Coming from an installation that had no notification profiles yet, and going back to it."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from argus.auth.models import User
from argus.notificationprofile.models import OutboxEntry, RoutingVersion, TimeRecurrence
from tests.factories import make_incident

APP = "argus_notificationprofile"


@pytest.fixture
def migrate(transactional_db):
    """Go to a migration of the app, ``None`` for before the first; in the end all are there again."""

    def go(name: str | None) -> None:
        MigrationExecutor(connection).migrate([(APP, name)])

    yield go
    call_command("migrate", APP, verbosity=0)


def last_migration() -> str:
    (leaf,) = MigrationExecutor(connection).loader.graph.leaf_nodes(APP)
    return leaf[1]


def test_the_models_are_as_the_migrations_leave_them(db):
    call_command("makemigrations", APP, check=True, dry_run=True, verbosity=0)


def test_those_who_were_here_before_get_the_slot_of_new_users_once(migrate):
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
    assert RoutingVersion.objects.count() == 1


def test_all_works_after_going_back_and_forth(migrate):
    last = last_migration()
    migrate(None)
    migrate(last)

    make_incident()

    assert OutboxEntry.objects.count() == 1
