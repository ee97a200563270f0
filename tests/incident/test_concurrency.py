"""Concurrent requests about incidents: one wins, the others get an error, no change is lost."""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from django.db import connection

from argus.auth.models import User
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, IncidentTagRelation, SourceSystem, Tag
from argus.incident.services import acknowledge, record_event, update_incident
from argus.incident.sources import delete_source
from argus.incident.tags import create_missing_tags
from tests.factories import INCIDENTS, NOON, incident_body, make_client, make_incident, make_source, make_user
from tests.parallel import at_once

pytestmark = pytest.mark.usefixtures("parallel_db")
BOSS = User(is_superuser=True)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def post(user, path: str, body: dict):
    """Return a call that posts and returns the status."""
    client = make_client(user)
    return lambda: client.post(f"{INCIDENTS}{path}", body).status_code


def test_concurrent_equal_posts_create_one_incident():
    source, body = make_source(), incident_body(tags=[{"tag": f"key{n}=new"} for n in range(4)])
    statuses = at_once(*(post(source.user, "", body) for _ in range(32)))
    assert Counter(statuses) == {201: 1, 400: 31}
    assert Incident.objects.count() == 1
    assert Event.objects.filter(type=EventType.START).count() == Event.objects.count() == 1
    assert IncidentTagRelation.objects.count() == Tag.objects.count() == 4


def test_refused_requests_get_the_reason():
    source, body = make_source(), incident_body()
    client = make_client(source.user)
    answers = at_once(*(lambda: client_of(source).post(INCIDENTS, body) for _ in range(4)))
    refusals = [answer.json() for answer in answers if answer.status_code == 400]
    assert len(refusals) == 3
    assert all(list(refusal) == ["source_incident_id"] for refusal in refusals)
    assert len(client.get(INCIDENTS).json()["results"]) == 1


def client_of(source: SourceSystem):
    return make_client(User.objects.get(pk=source.user_id))


def test_different_incidents_with_the_same_new_tags_are_all_stored_and_each_tag_once():
    posts = []
    for number in range(12):
        tags = [{"tag": f"key{n}=new"} for n in range(10)]
        # Each request has another order. Locks in the order of the requests would deadlock.
        posts.append(post(make_source().user, "", incident_body(tags=tags[number % 10 :] + tags[: number % 10])))
    assert Counter(at_once(*posts)) == {201: 12}
    assert Tag.objects.count() == 10
    assert IncidentTagRelation.objects.count() == 120


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="a matter of row locks")
@pytest.mark.parametrize("address", ["", "bulk/"])
def test_tag_pruned_during_a_post_is_created_again(address):
    """Pruning locks an unused tag. A post with this tag waits, and creates it again."""
    create_missing_tags([("fading", "1"), ("kept", "1")])
    body = incident_body(tags=[{"tag": "kept=1"}, {"tag": "fading=1"}])
    body = body if not address else {"incidents": [body]}
    with psycopg2.connect(**connection.get_connection_params()) as pruner, pruner.cursor() as cursor:
        cursor.execute("DELETE FROM argus_incident_tag WHERE key = 'fading'")
        with ThreadPoolExecutor(1) as pool:
            status = pool.submit(in_thread, post(make_source().user, address, body))
            wait_for_waiter()
            pruner.commit()
            assert status.result(60) in {200, 201}
    relations = IncidentTagRelation.objects.order_by("pk").select_related("tag")
    assert [str(relation) for relation in relations] == ["kept=1", "fading=1"]


def in_thread(call):
    try:
        return call()
    finally:
        connection.close()


def wait_for_waiter():
    """Return as soon as a connection waits for a row lock."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while not cursor.execute(WAITING) and not cursor.fetchone()[0]:
            assert time.monotonic() < deadline, "no connection waits"
            time.sleep(0.01)


def test_second_of_two_concurrent_closes_is_refused():
    incident = make_incident()
    statuses = at_once(*(post(make_user(), f"{incident.pk}/events/", {"type": "CLO"}) for _ in range(2)))
    assert sorted(statuses) == [201, 400]
    assert incident.events.filter(type="CLO").count() == 1


def test_concurrent_ends_are_stored_once():
    incident = make_incident()
    body = {"type": "END", "timestamp": "2024-05-15 15:00"}
    statuses = at_once(*(post(incident.source.user, f"{incident.pk}/events/", body) for _ in range(8)))
    assert Counter(statuses) == {201: 1, 400: 7}
    assert incident.events.filter(type="END").count() == 1


def test_concurrent_end_and_close_are_consistent():
    incident = make_incident()
    path, times = f"{incident.pk}/events/", {"END": "2024-05-15 15:00", "CLO": "2024-05-15 16:00"}
    people = {"END": incident.source.user, "CLO": make_user()}
    calls = [post(people[kind], path, {"type": kind, "timestamp": times[kind]}) for kind in times]
    ended, closed = at_once(*calls)
    events = dict(incident.events.exclude(type="STA").values_list("type", "timestamp"))
    # An end is kept in any case; a close only if it came first.
    assert ended == 201
    assert closed == (201 if "CLO" in events else 400)
    first = events.get("CLO", events["END"])
    assert Incident.objects.get().end_time == first


def test_concurrent_acks_and_close_all_succeed():
    incident, people = make_incident(), [make_user() for _ in range(5)]
    closer, *ackers = people
    outcomes = at_once(
        lambda: record_event(incident, EventType.CLOSE, actor=closer),
        *(lambda person=person: acknowledge(incident, actor=person) for person in ackers),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    stored = Incident.objects.get()
    assert (stored.open, stored.acked) == (False, True)
    assert Counter(stored.events.values_list("type", flat=True)) == {"STA": 1, "CLO": 1, "ACK": 4}


def test_latest_expiration_counts_in_any_order():
    incident, person = make_incident(), make_user()
    expirations = [NOON.replace(year=year) for year in range(2090, 2098)]
    at_once(*(lambda until=until: acknowledge(incident, actor=person, expiration=until) for until in expirations))
    assert Incident.objects.get().acked_until == expirations[-1]


def test_concurrent_patches_of_different_fields_are_kept():
    incident, person = make_incident(tags=["a=b"]), make_user()
    changes = [
        {"ticket_url": "https://tickets.example.org/1"},
        {"details_url": "x"},
        {"tags": [("a", "b"), ("c", "d")]},
    ]
    outcomes = at_once(*(lambda change=change: update_incident(incident, actor=person, **change) for change in changes))
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    stored = Incident.objects.get()
    assert (stored.ticket_url, stored.details_url, stored.tags.count()) == ("https://tickets.example.org/1", "x", 2)


def test_concurrent_patches_add_each_tag_once():
    incident, people = make_incident(), [make_user() for _ in range(6)]
    pairs = [(f"key{n}", "new") for n in range(5)]
    outcomes = at_once(
        *(lambda person=person: update_incident(incident, actor=person, tags=pairs) for person in people)
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Incident.objects.get().tag_relations.count() == 5


def test_concurrent_equal_source_names_are_refused():
    superuser = make_user(is_superuser=True)
    assert Counter(at_once(*(post(superuser, "source-types/", {"name": "new"}) for _ in range(6)))) == {201: 1, 400: 5}
    body = {"name": "new", "type": "new"}
    assert Counter(at_once(*(post(superuser, "sources/", body) for _ in range(6)))) == {201: 1, 400: 5}
    assert SourceSystem.objects.count() == 1
    assert User.objects.count() == 2


def test_accounts_with_the_same_name_get_different_user_names():
    superuser = make_user(is_superuser=True)
    bodies = [{"name": f"source{n}", "type": kind, "username": "same"} for n, kind in enumerate(["a", "b", "c", "d"])]
    for body in bodies:
        make_client(superuser).post(f"{INCIDENTS}source-types/", {"name": body["type"]})
    assert Counter(at_once(*(post(superuser, "sources/", body) for body in bodies))) == {201: 4}
    assert User.objects.filter(username__startswith="same").count() == 4


def test_source_is_deleted_during_posts():
    for _ in range(5):
        source = make_source()
        calls = [post(source.user, "", incident_body()) for _ in range(6)]
        *statuses, deleted = at_once(*calls, lambda source=source: delete_source(source, actor=BOSS))
        # Those that come too late are strangers by then, or find in the end that the source has gone.
        assert set(statuses) <= {201, 401, 409, 503}
        assert deleted is None
        assert not User.objects.filter(pk=source.user_id).exists()
        assert Incident.objects.count() == 0


def test_threads_share_the_database():
    assert connection.vendor == "postgresql" or connection.settings_dict["NAME"].endswith("parallel.sqlite3")
