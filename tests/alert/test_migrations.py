"""Upgrading from an installation whose alerts had the mark ``holds_place``, and going back."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from argus.alert.services import close
from argus.incident.models import Incident
from tests.alert.factories import make_alert, make_staff
from tests.inventory.factories import make_project

APP = "argus_alert"


@pytest.fixture
def migrate(transactional_db):
    """Migrate the app to a migration and return its models; after the test, to the last one."""

    def go(name: str):
        executor = MigrationExecutor(connection)
        executor.migrate([(APP, name)])
        return MigrationExecutor(connection).loader.project_state([(APP, name)]).apps

    yield go
    call_command("migrate", verbosity=0)


def test_keys_and_marks_are_made_from_each_other(migrate):
    project = make_project()
    closed = make_alert(project, alert_type="hot")
    close(closed, actor=make_staff())
    is_open = make_alert(project, alert_type="hot")
    keys = dict(Incident.objects.values_list("pk", "open_key"))

    old = migrate("0002_alert_kind").get_model(APP, "Alert")
    assert dict(old.objects.values_list("pk", "holds_place")) == {closed.pk: False, is_open.pk: True}
    assert set(Incident.objects.values_list("open_key", flat=True)) == {None}

    migrate("0003_open_key")
    assert dict(Incident.objects.values_list("pk", "open_key")) == keys
