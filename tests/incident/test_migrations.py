"""Migrations that carry data over from older installations."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from argus.http.models import IdempotencyRecord
from argus.incident.models import Event, Incident, IncidentRelation, IncidentTagRelation, SourceSystem, Tag
from tests.factories import NOON, make_incident, make_user

pytestmark = pytest.mark.slow

APP = "argus_incident"


@pytest.fixture
def migrate(transactional_db):
    """Return a function that migrates the app forwards or backwards; afterwards the database is migrated fully."""

    def go(name: str):
        return MigrationExecutor(connection).migrate([(APP, name)])

    yield go
    call_command("migrate", verbosity=0)


def test_existing_tags_get_the_start_time_of_their_incident(migrate):
    incident = make_incident(tags=["a=b", "c=d"], start_time=NOON)
    migrate("0007_open_and_unacked")
    migrate("0008_tags_in_order")
    starts = IncidentTagRelation.objects.filter(incident=incident).values_list("start_time", flat=True)
    assert list(starts) == [NOON, NOON]


def test_responses_under_idempotency_keys_move_to_the_http_app(migrate):
    user, now = make_user(), timezone.now()
    apps = migrate("0008_tags_in_order").apps
    old = apps.get_model(APP, "GivenAnswer")
    old.objects.create(user_id=user.pk, key="recent", digest="d", time=now, status=201, body="{}")
    old.objects.create(user_id=user.pk, key="expired", digest="d", time=now - timedelta(hours=25))
    migrate("0009_idempotency_records")
    record = IdempotencyRecord.objects.get()
    assert (record.user, record.key, record.digest, record.time) == (user, "recent", "d", now)
    assert (record.status, record.body) == (201, "{}")


def names_in_database(*models) -> set[str]:
    with connection.cursor() as cursor:
        return {
            name for model in models for name in connection.introspection.get_constraints(cursor, model._meta.db_table)
        }


def test_names_of_indexes_and_constraints_are_those_of_the_models_after_going_back_and_forth(migrate):
    models = [Incident, Event, Tag, SourceSystem, IncidentTagRelation, IncidentRelation]
    wanted = {index.name for model in models for index in model._meta.indexes}
    constraints = [one for model in models for one in model._meta.constraints]
    # SQLite has names for unique constraints with a condition only.
    wanted |= {one.name for one in constraints if connection.vendor == "postgresql" or getattr(one, "condition", None)}
    wanted -= {"incidentrelation_incidents_check"} if connection.vendor == "sqlite" else set()
    assert wanted <= names_in_database(*models)

    migrate("0013_help_texts")
    old = {"incident_open", "tag_key", "one_start_and_one_end_per_incident"}
    assert old <= names_in_database(*models)
    migrate("0014_standard_names")

    assert wanted <= names_in_database(*models)
    assert not old & names_in_database(*models)
