"""Redis is away, comes back, has lost its data: requests do not notice, and clients converge."""

import logging
import threading
import time

import pytest
import redis

from argus.incident.lifecycle import EventType
from argus.ws import counts, hub
from argus.ws import publisher as publishing
from argus.ws.publisher import publisher
from tests.factories import INCIDENTS, incident_body, make_ack, make_event, make_incident, make_incidents
from tests.ws.conftest import use_redis
from tests.ws.server import following, wait_until


@pytest.fixture
def haste(monkeypatch):
    """Try again sooner than in real life."""
    monkeypatch.setattr(publishing, "PAUSE", 0.1)
    monkeypatch.setattr(hub, "LOOK_EVERY", 0.1)


@pytest.fixture
def valkey(own_valkey, settings, haste, fresh_parts):
    use_redis(settings, own_valkey.url)
    return own_valkey


@pytest.fixture
def server(valkey, open_server):
    return open_server()


def pks(incidents: list[dict]) -> set[int]:
    return {incident["pk"] for incident in incidents}


def test_clients_that_know_numbers_reload_when_redis_has_lost_its_data(server, valkey, as_user, caplog):
    (before,) = make_incidents(1)
    with following(server, as_user.token.key) as follower:
        old = follower.subscribe(since=None)
        valkey.stop()
        delayed = counts.counts()["delayed"]
        meanwhile = make_incidents(3)
        make_ack(before)
        wait_until(lambda: counts.counts()["delayed"] > delayed)
        valkey.start()

        answer = follower.hear()
        assert answer["type"] == "reload"
        assert answer["stream"] != old["stream"]
        # What could not be told then is told now, at the latest in the list that the client reads.
        listed = as_user.get(INCIDENTS).json()["results"]
        assert pks(listed) == {before.pk, *(one.pk for one in meanwhile)}
        later = make_incident()
        wait_until(lambda: follower.hear()["payload"]["pk"] == later.pk)
        assert follower.hears_nothing()
    complaints = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([one for one in complaints if one.name.startswith("argus.ws")]) <= 6
    assert not [one for one in complaints if not one.name.startswith("argus.ws")]


def test_clients_that_do_not_know_numbers_are_sent_back_to_connect_anew(server, valkey, as_user):
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        valkey.stop()
        (incident,) = make_incidents(1)
        valkey.start()

        assert follower.close_code() == 1012
    with following(server, as_user.token.key) as follower:
        assert pks(follower.subscribe()["start_incidents"]) == {incident.pk}


def test_redis_that_kept_its_data_costs_nobody_anything(server, valkey, as_user):
    with following(server, as_user.token.key) as follower, redis.Redis.from_url(valkey.url) as client:
        first = follower.subscribe()["sequence"]
        # It answers nobody for a moment, as when the network is away.
        client.execute_command("CLIENT", "PAUSE", 3_000, "ALL")
        incidents = make_incidents(3)
        messages = follower.hear_many(3)

        assert [message["payload"]["pk"] for message in messages] == [one.pk for one in incidents]
        assert [message["sequence"] for message in messages] == [first + 1, first + 2, first + 3]
        assert follower.hears_nothing()


def test_data_that_vanish_while_redis_runs_are_noticed(server, valkey, as_user):
    with following(server, as_user.token.key) as follower, redis.Redis.from_url(valkey.url) as client:
        follower.subscribe(since=None)
        make_incident()
        follower.hear()
        client.flushall()

        assert follower.hear()["type"] == "reload"
        make_incident()
        assert follower.hear()["sequence"] == 1


def test_connections_that_are_cut_are_made_anew(server, valkey, as_user):
    with following(server, as_user.token.key) as follower, redis.Redis.from_url(valkey.url) as client:
        first = follower.subscribe()["sequence"]
        for number in range(1, 4):
            for kind in ("normal", "pubsub"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
            make_incident()
            assert follower.hear()["sequence"] == first + number


def test_client_that_comes_while_redis_is_away_sees_its_list_and_is_told_later(server, valkey, as_user):
    valkey.stop()
    make_incident()
    with following(server, as_user.token.key) as follower:
        answer = follower.subscribe(since=None)
        assert (answer["type"], answer["stream"], answer["sequence"]) == ("subscribed", "", 0)
        assert len(answer["start_incidents"]) == 1
        valkey.start()
        assert follower.hear()["type"] == "reload"
        incident = make_incident()
        wait_until(lambda: follower.hear()["payload"]["pk"] == incident.pk)


def test_no_request_fails_or_waits_while_redis_is_away(server, valkey, as_user, as_source):
    with following(server, as_user.token.key) as follower:
        follower.subscribe(since=None)
        valkey.stop()
        began, posted = time.monotonic(), []
        while time.monotonic() - began < 1.5:
            answer = as_source.post(INCIDENTS, incident_body())
            assert answer.status_code == 201
            posted.append(answer.json()["pk"])
        # One connection attempt takes no time here, but a hanging one would: nobody makes any in a request.
        assert {thread.name for thread in threading.enumerate()} >= {"publisher"}
        valkey.start()

        assert follower.hear()["type"] == "reload"
        told = set()
        later = as_source.post(INCIDENTS, incident_body()).json()["pk"]
        while later not in told:
            told.add(follower.hear()["payload"]["pk"])
        make_event(make_incident(), EventType.CLOSE)
        assert told <= {*posted, later}


def test_when_there_is_too_much_to_remember_everybody_reloads(server, valkey, monkeypatch, as_user):
    monkeypatch.setattr(publishing, "MOST_PENDING", 10)
    lost = counts.counts()["lost"]
    with following(server, as_user.token.key) as follower:
        follower.subscribe(since=None)
        valkey.stop()
        make_incidents(30)
        assert publisher.everything
        assert len(publisher.pending) <= 10
        assert counts.counts()["lost"] > lost
        valkey.start()

        assert follower.hear()["type"] == "reload"
        assert publisher.flush(20)
        made = set()
        wait_until(lambda: made.add(make_incident().pk) or follower.hear().get("payload", {}).get("pk") in made)


def test_what_is_forgotten_without_an_outage_makes_everybody_reload(valkey, open_server, monkeypatch, as_user):
    with following(open_server(), as_user.token.key) as follower:
        old = follower.subscribe(since=None)
        with publisher.changed:
            publisher.everything = True
        make_incident()
        publisher.start()

        answer = follower.hear()
        assert answer["type"] == "reload"
        assert answer["stream"] != old["stream"]
