"""A source that retries after a time-out does not need to think: ``Idempotency-Key``."""

import os
from collections import Counter
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone

from argus.incident.models import Event, GivenAnswer, Incident
from argus.incident.repeats import KEPT, THROWN_AWAY, lock_number
from argus.incident.signals import event_recorded
from tests.factories import INCIDENTS, incident_body, make_client, make_incident, make_source
from tests.parallel import at_once

pytestmark = pytest.mark.django_db


def post(client, body: dict, key: str = "key-1", path: str = ""):
    return client.post(f"{INCIDENTS}{path}", body, HTTP_IDEMPOTENCY_KEY=key)


def test_the_same_request_again_is_answered_the_same_and_done_once(as_source):
    body = incident_body(tags=[{"tag": "a=b"}])
    first, again = post(as_source, body), post(as_source, body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first.headers
    assert again["Idempotency-Replayed"] == "true"
    assert Incident.objects.count() == Event.objects.count() == 1


def test_the_key_with_another_body_is_422_and_changes_nothing(as_source):
    post(as_source, incident_body(source_incident_id="1"))
    response = post(as_source, incident_body(source_incident_id="2"))
    assert response.status_code == 422
    assert list(response.json()) == ["detail"]
    assert Incident.objects.count() == 1


def test_the_key_at_another_address_is_422(as_user):
    incident, other = make_incident(), make_incident()
    assert post(as_user, {"type": "CLO"}, path=f"{incident.pk}/events/").status_code == 201
    assert post(as_user, {"type": "CLO"}, path=f"{other.pk}/events/").status_code == 422


def test_everybody_has_keys_of_their_own(as_source, as_other_source):
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
def test_all_doors_for_new_incidents_know_the_key(as_source, path, body):
    first, again = post(as_source, body, path=path), post(as_source, body, path=path)
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("path", "body"), [("events/", {"type": "OTH"}), ("acks/", {"event": {}})])
def test_events_and_acks_are_recorded_once(as_user, path, body):
    incident = make_incident()
    first, again = (post(as_user, body, path=f"{incident.pk}/{path}") for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    assert incident.events.count() == 2


def test_a_refusal_is_repeated_too(as_source):
    make_incident(as_source.source, source_incident_id="taken")
    body = incident_body(source_incident_id="taken")
    first = post(as_source, body)
    Incident.objects.all().delete()
    again = post(as_source, body)
    assert (first.status_code, again.status_code) == (400, 400)
    assert first.content == again.content


def test_what_is_half_done_is_undone_with_a_refusal(as_source):
    response = post(as_source, incident_body(tags=[{"tag": "a=b"}], end_time="1999-01-01T00:00:00Z"))
    assert response.status_code == 400
    assert not Incident.objects.exists()
    assert GivenAnswer.objects.get().status == 400


class Broken(Exception):
    """Something that nobody expects."""


def break_down(**kwargs):
    raise Broken


def test_a_failure_is_not_kept(as_source, listen):
    listen(event_recorded, break_down)
    with pytest.raises(Broken):
        post(as_source, incident_body())
    assert not GivenAnswer.objects.exists()


def test_after_a_day_the_key_is_free_again(as_source):
    body = incident_body()
    post(as_source, body)
    GivenAnswer.objects.update(time=timezone.now() - KEPT - timedelta(seconds=1))
    assert post(as_source, body).status_code == 400
    assert GivenAnswer.objects.count() == 1


def test_old_answers_go_as_new_ones_come(as_source):
    long_ago = timezone.now() - 2 * KEPT
    GivenAnswer.objects.bulk_create(
        GivenAnswer(user=as_source.user, key=f"old-{n}", digest="", time=long_ago) for n in range(THROWN_AWAY + 5)
    )
    post(as_source, incident_body())
    assert GivenAnswer.objects.count() == 5 + 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "schlüssel", "a\tb"])
def test_a_bad_key_is_refused_by_its_name(as_source, key):
    response = post(as_source, incident_body(), key)
    assert response.status_code == 400
    assert list(response.json()) == ["Idempotency-Key"]
    assert not Incident.objects.exists()


def test_quotes_around_the_key_do_not_matter(as_source):
    body = incident_body()
    assert post(as_source, body, '"key"').content == post(as_source, body, "key").content


def test_a_body_that_cannot_be_read_is_refused_each_time(as_source):
    for _ in range(2):
        response = as_source.generic(
            "POST", INCIDENTS, "{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="key"
        )
        assert response.status_code == 400


def test_a_browser_may_use_it_with_json(as_browser):
    source = make_source()
    body = incident_body(source=source.pk)
    as_browser.credentials(HTTP_ACCEPT="application/json")
    assert post(as_browser, body).content == post(as_browser, body).content


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite has one writer at a time: the second waits")
def test_while_the_first_is_under_way_the_second_is_409(as_source):
    """Somebody holds the key: in another transaction, which is not at its end yet."""
    seen, number = [], lock_number(as_source.user, "key-1")
    with psycopg2.connect(**connection.get_connection_params()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        seen.append(post(as_source, incident_body()).status_code)
        other.rollback()
        seen.append(post(as_source, incident_body()).status_code)
    assert seen == [409, 201]
    assert Incident.objects.count() == 1


def test_of_many_at_once_one_is_done(parallel_db):
    source, body = make_source(), incident_body()
    answers = at_once(*[lambda: post(make_client(source.user), body) for _ in range(8)])
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Incident.objects.count() == 1
