"""``Idempotency-Key``: a source can repeat a request after a time-out without checking first."""

import os
from collections import Counter
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone

from argus.http.idempotency import MAX_DELETED_RECORDS, RECORD_RETENTION, advisory_lock_id
from argus.http.models import IdempotencyRecord
from argus.incident.models import Event, Incident
from tests.factories import INCIDENTS, incident_body, make_client, make_incident, make_source
from tests.parallel import at_once

pytestmark = pytest.mark.django_db


def post(client, body: dict, key: str = "key-1", path: str = ""):
    return client.post(f"{INCIDENTS}{path}", body, HTTP_IDEMPOTENCY_KEY=key)


def test_repeated_request_gets_same_response_and_is_executed_once(as_source):
    body = incident_body(tags=[{"tag": "a=b"}])
    first, again = post(as_source, body), post(as_source, body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first.headers
    assert again["Idempotency-Replayed"] == "true"
    assert Incident.objects.count() == Event.objects.count() == 1


def test_key_with_another_body_is_422_and_changes_nothing(as_source):
    post(as_source, incident_body(source_incident_id="1"))
    response = post(as_source, incident_body(source_incident_id="2"))
    assert response.status_code == 422
    assert list(response.json()) == ["detail"]
    assert Incident.objects.count() == 1


def test_key_with_another_url_is_422(as_user):
    incident, other = make_incident(), make_incident()
    assert post(as_user, {"type": "CLO"}, path=f"{incident.pk}/events/").status_code == 201
    assert post(as_user, {"type": "CLO"}, path=f"{other.pk}/events/").status_code == 422


def test_keys_of_two_users_are_independent(as_source, as_other_source):
    assert post(as_source, incident_body()).status_code == 201
    assert post(as_other_source, incident_body()).status_code == 201
    assert Incident.objects.count() == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("mine/", incident_body()),
        ("bulk/", {"incidents": [incident_body()]}),
    ],
)
def test_every_url_that_creates_incidents_accepts_the_key(as_source, path, body):
    first, again = post(as_source, body, path=path), post(as_source, body, path=path)
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("path", "body"), [("events/", {"type": "OTH"}), ("acks/", {"event": {}})])
def test_repeated_event_or_ack_is_recorded_once(as_user, path, body):
    incident = make_incident()
    first, again = (post(as_user, body, path=f"{incident.pk}/{path}") for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    assert incident.events.count() == 2


def test_refusal_is_replayed(as_source):
    make_incident(as_source.source, source_incident_id="taken")
    body = incident_body(source_incident_id="taken")
    first = post(as_source, body)
    Incident.objects.all().delete()
    again = post(as_source, body)
    assert (first.status_code, again.status_code) == (400, 400)
    assert first.content == again.content


def test_refusal_rolls_back_partial_changes(as_source):
    response = post(as_source, incident_body(tags=[{"tag": "a=b"}], end_time="1999-01-01T00:00:00Z"))
    assert response.status_code == 400
    assert not Incident.objects.exists()
    assert IdempotencyRecord.objects.get().status == 400


class BrokenError(Exception):
    """An unexpected failure."""


def fail_on_events(execute, sql, params, many, context):
    """Raise instead of writing the start event, when the incident is written already."""
    if 'INSERT INTO "argus_incident_event"' in sql:
        raise BrokenError
    return execute(sql, params, many, context)


def test_unexpected_error_is_not_stored(as_source):
    with connection.execute_wrapper(fail_on_events), pytest.raises(BrokenError):
        post(as_source, incident_body())
    assert not IdempotencyRecord.objects.exists()
    assert not Incident.objects.exists()


def test_key_is_free_after_retention(as_source):
    body = incident_body()
    post(as_source, body)
    IdempotencyRecord.objects.update(time=timezone.now() - RECORD_RETENTION - timedelta(seconds=1))
    assert post(as_source, body).status_code == 400
    assert IdempotencyRecord.objects.count() == 1


def test_new_requests_delete_expired_records(as_source):
    long_ago = timezone.now() - 2 * RECORD_RETENTION
    IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(user=as_source.user, key=f"old-{n}", digest="", time=long_ago)
        for n in range(MAX_DELETED_RECORDS + 5)
    )
    post(as_source, incident_body())
    assert IdempotencyRecord.objects.count() == 5 + 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "schlüssel", "a\tb"])
def test_invalid_key_is_refused_with_the_header_name(as_source, key):
    response = post(as_source, incident_body(), key)
    assert response.status_code == 400
    assert list(response.json()) == ["Idempotency-Key"]
    assert not Incident.objects.exists()


def test_quotes_around_the_key_are_ignored(as_source):
    body = incident_body()
    assert post(as_source, body, '"key"').content == post(as_source, body, "key").content


def test_malformed_body_is_refused_each_time(as_source):
    for _ in range(2):
        response = as_source.generic(
            "POST", INCIDENTS, "{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="key"
        )
        assert response.status_code == 400


def test_session_may_use_the_key_with_json(as_browser):
    source = make_source()
    body = incident_body(source=source.pk)
    as_browser.credentials(HTTP_ACCEPT="application/json")
    assert post(as_browser, body).content == post(as_browser, body).content


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite has one writer at a time: the second waits")
def test_request_is_409_while_the_first_is_in_progress(as_source):
    """Another open transaction holds the lock of the key."""
    seen, number = [], advisory_lock_id(as_source.user.pk, "key-1")
    with psycopg2.connect(**connection.get_connection_params()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        seen.append(post(as_source, incident_body()).status_code)
        other.rollback()
        seen.append(post(as_source, incident_body()).status_code)
    assert seen == [409, 201]
    assert Incident.objects.count() == 1


def test_concurrent_requests_are_executed_once(parallel_db):
    source, body = make_source(), incident_body()
    answers = at_once(*[lambda: post(make_client(source.user), body) for _ in range(8)])
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Incident.objects.count() == 1
