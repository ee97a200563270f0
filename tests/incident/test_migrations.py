"""Migrations that carry data over from older installations."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from argus.http.models import IdempotencyRecord
from argus.incident.models import IncidentTagRelation
from tests.factories import NOON, make_incident, make_user

pytestmark = pytest.mark.slow

APP = "argus_incident"


@pytest.fixture
def migrate(transactional_db):
    """Return a function that migrates the app forwards or backwards; afterwards the database is migrated fully."""

    def go(name: str):
        return MigrationExecutor(connection).migrate([(APP, name)])

    yield go
    call_command("migrate", APP, verbosity=0)


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
