"""Coming from an installation whose tags did not know yet when their incidents had started, and going back to it."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from argus.incident.models import IncidentTagRelation
from tests.factories import NOON, make_incident

APP = "argus_incident"


@pytest.fixture
def migrate(transactional_db):
    """Go to a migration of the app; in the end all are there again."""

    def go(name: str) -> None:
        MigrationExecutor(connection).migrate([(APP, name)])

    yield go
    call_command("migrate", APP, verbosity=0)


def test_tags_that_are_there_already_get_to_know_when_their_incidents_started(migrate):
    incident = make_incident(tags=["a=b", "c=d"], start_time=NOON)
    migrate("0007_open_and_unacked")
    migrate("0008_tags_in_order")
    starts = IncidentTagRelation.objects.filter(incident=incident).values_list("start_time", flat=True)
    assert list(starts) == [NOON, NOON]
