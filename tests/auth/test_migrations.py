"""Migrations of accounts that exist already."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.slow

APP = "argus_auth"


@pytest.fixture
def old_apps(transactional_db):
    """The models as they were before accounts had UUIDs, on such a database; in the end it is up to date again."""
    # What refers to accounts by tables made later goes back with them, and comes again.
    yield MigrationExecutor(connection).migrate([(APP, "0001_initial")]).apps
    call_command("migrate", verbosity=0)


def test_every_account_gets_a_uuid_of_its_own(old_apps):
    users = old_apps.get_model(APP, "User").objects
    for number in range(3):
        users.create(username=f"user{number}")
    users.using("default").bulk_create(old_apps.get_model(APP, "User")(username=f"many{n}") for n in range(1200))

    new_apps = MigrationExecutor(connection).migrate([(APP, "0002_user_uuid")]).apps

    uuids = new_apps.get_model(APP, "User").objects.values_list("uuid", flat=True)
    assert len(set(uuids)) == len(uuids) == 1203
    assert None not in uuids


def test_accounts_of_sources_are_marked_as_service_accounts(old_apps):
    before = MigrationExecutor(connection).migrate([("argus_incident", "0010_change_feed")]).apps
    users = before.get_model(APP, "User").objects
    user, _ = users.create(username="nav"), users.create(username="kari")
    source_type = before.get_model("argus_incident", "SourceSystemType").objects.create(name="nav")
    before.get_model("argus_incident", "SourceSystem").objects.create(name="nav", type=source_type, user=user)

    after = MigrationExecutor(connection).migrate([("argus_incident", "0011_mark_service_accounts")]).apps

    users = after.get_model(APP, "User").objects
    assert list(users.filter(is_service_account=True).values_list("username", flat=True)) == ["nav"]
