"""The hub reads the change feed after wake-ups and by polling, and survives failures of Redis and of the database."""

import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from argus.incident.changes import CURSOR_RETENTION, Cursor
from argus.ws import feed, hub
from tests.factories import INCIDENTS, incident_body, make_ack, make_incident, make_incidents
from tests.ws.conftest import use_redis
from tests.ws.server import connected, pks, wait_until

NEVER = 3600.0


@pytest.fixture
def no_direct_wake_up(monkeypatch):
    """Changes are made by another process, as far as the hubs know."""
    monkeypatch.setattr(hub, "wake_hubs", lambda: None)


def test_change_of_this_process_is_sent_without_polling(memory_layer, open_server, as_user):
    with connected(open_server(poll_interval=NEVER), as_user.token.key) as client:
        client.subscribe()
        incident = make_incident()

        assert pks([client.receive()]) == [incident.pk]


def test_change_of_another_process_is_found_by_polling(memory_layer, open_server, no_direct_wake_up, as_user):
    with connected(open_server(poll_interval=0.1), as_user.token.key) as client:
        client.subscribe()
        incidents = make_incidents(3)

        assert pks(client.receive_many(3)) == [one.pk for one in incidents]


def test_change_of_another_process_wakes_all_hubs_through_redis(redis_layer, open_server, no_direct_wake_up, as_user):
    servers = [open_server(poll_interval=5.0) for _ in range(2)]
    with connected(servers[0], as_user.token.key) as one, connected(servers[1], as_user.token.key) as other:
        one.subscribe()
        other.subscribe()
        # The hubs join the group of the channel layer in the background.
        make_incident()
        one.receive()
        other.receive()
        began = time.monotonic()
        for _ in range(4):
            incident = make_incident()
            assert pks([one.receive(), other.receive()]) == [incident.pk, incident.pk]

        assert time.monotonic() - began < 4 * 5.0


def test_feed_is_not_read_without_clients(memory_layer, open_server, monkeypatch, as_user):
    reads = []
    monkeypatch.setattr(feed, "read_messages", lambda cursor, read=feed.read_messages: reads.append(1) or read(cursor))
    server = open_server(poll_interval=0.01)
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        wait_until(lambda: len(reads) > 3)
    wait_until(lambda: not server.hub.sockets)
    time.sleep(0.2)
    before = len(reads)
    make_incident()
    time.sleep(0.2)

    assert len(reads) == before


def test_database_that_is_away_delays_messages_and_loses_none(memory_layer, open_server, monkeypatch, as_user, caplog):
    away, failures, read = threading.Event(), [], feed.read_messages

    def read_messages(cursor):
        if away.is_set():
            failures.append(True)
            raise OperationalError("connection refused")
        return read(cursor)

    monkeypatch.setattr(feed, "read_messages", read_messages)
    with connected(open_server(poll_interval=0.05), as_user.token.key) as client:
        client.subscribe()
        away.set()
        incidents = make_incidents(3)
        wait_until(lambda: len(failures) > 3)
        away.clear()

        assert pks(client.receive_many(3)) == [one.pk for one in incidents]
        assert client.receives_nothing()
    warnings = [one.getMessage() for one in caplog.records if one.name == "argus.ws.hub"]
    assert warnings == [
        "The change feed is unavailable, retrying: connection refused",
        "The change feed is available again.",
    ]


def test_client_that_subscribes_while_the_database_is_away_has_to_reconnect(server, monkeypatch, as_user):
    def fail(audience):
        raise OperationalError("connection refused")

    with connected(server, as_user.token.key) as client:
        client.subscribe()
        monkeypatch.setattr(server.hub.list_reads["everyone"], "read", lambda: server.hub.client_thread.run(fail, ""))
        client.send({"action": "subscribe"})

        assert client.close_code() == 1012


def test_client_that_reloads_while_the_database_is_away_has_to_reconnect(server, monkeypatch, as_user):
    async def fail():
        raise OperationalError("connection refused")

    with connected(server, as_user.token.key) as client:
        client.subscribe()
        monkeypatch.setattr(server.hub.feed_read, "read", fail)
        client.send({"action": "subscribe", "since": {"stream": "unknown", "sequence": 1}})

        assert client.close_code() == 1012


def expire_cursor(server) -> None:
    cursor = server.hub.cursor
    old = timezone.now() - CURSOR_RETENTION - timedelta(seconds=1)
    server.hub.cursor = Cursor(cursor.seen, cursor.reading, cursor.last_id, old)


def test_clients_reload_or_reconnect_when_the_feed_cannot_be_continued(memory_layer, open_server, as_user):
    server = open_server(poll_interval=NEVER)
    with connected(server, as_user.token.key) as new, connected(server, as_user.token.key) as old:
        new.subscribe(since=None)
        old.subscribe()
        server.hub.call_soon(lambda: expire_cursor(server))
        make_incident()

        assert new.receive()["type"] == "reload"
        assert old.close_code() == 1012
        later = make_incident()
        assert pks([new.receive()]) == [later.pk]
        assert new.receives_nothing()


def test_clients_reload_when_a_message_cannot_be_rendered(server, monkeypatch, as_user, caplog):
    failures, render = [ValueError("for a test")], feed.render_incidents

    def render_incidents(pks):
        if failures:
            raise failures.pop()
        return render(pks)

    with connected(server, as_user.token.key) as client:
        client.subscribe(since=None)
        monkeypatch.setattr(feed, "render_incidents", render_incidents)
        make_incident()

        assert client.receive()["type"] == "reload"
        later = make_incident()
        assert pks([client.receive()]) == [later.pk]
    assert "Messages cannot be rendered" in caplog.text


@contextmanager
def open_transaction(incident):
    """A block during which another connection has acknowledged the incident and not committed."""
    is_written, may_end = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                make_ack(incident)
                is_written.set()
                may_end.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert is_written.wait(60)
    yield
    may_end.set()
    thread.join(60)


def test_long_transaction_delays_no_other_message_and_its_own_are_sent_after_its_commit(server, as_user):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")
    incident = make_incident()
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        with open_transaction(incident):
            others = make_incidents(5)
            assert pks(client.receive_many(5)) == [one.pk for one in others]
            assert client.receives_nothing()

        message = client.receive()
        assert (message["type"], pks([message])) == ("modified", [incident.pk])
        assert client.receives_nothing()


@pytest.fixture
def valkey(own_valkey, settings, closed_wake_up_task):
    """A Valkey that the test may stop."""
    use_redis(settings, own_valkey.url)
    return own_valkey


def test_messages_are_sent_while_redis_is_away_and_no_client_reloads(
    valkey, open_server, no_direct_wake_up, as_user, as_source, caplog
):
    server, reloads = open_server(poll_interval=0.2), hub.RELOADS._value.get()
    with connected(server, as_user.token.key) as client, connected(server, as_user.token.key) as old_client:
        first = client.subscribe(since=None)
        old_client.subscribe()
        valkey.kill()
        began, posted = time.monotonic(), []
        while time.monotonic() - began < 1.5:
            posted.append(as_source.post(INCIDENTS, incident_body()).json()["pk"])
        with connected(server, as_user.token.key) as newcomer:
            assert newcomer.subscribe()["type"] == "subscribed"
        valkey.start()
        posted.append(as_source.post(INCIDENTS, incident_body()).json()["pk"])

        messages = client.receive_many(len(posted))
        assert pks(messages) == posted
        assert messages[-1]["sequence"] == first["sequence"] + len(posted)
        assert client.receives_nothing()
        # A client that does not know "reload" would be disconnected instead.
        assert pks(old_client.receive_many(len(posted))) == posted
        assert hub.RELOADS._value.get() == reloads
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) <= 2


def test_wake_ups_arrive_again_when_redis_is_back(valkey, open_server, no_direct_wake_up, as_user):
    server = open_server(poll_interval=3.0)

    def is_listening() -> bool:
        return control.pubsub_numsub(f"argus__group__{hub.GROUP}")[0][1] == 1

    with connected(server, as_user.token.key) as client, redis.Redis.from_url(valkey.url) as control:
        client.subscribe()
        valkey.stop()
        make_incident()
        client.receive()
        valkey.start()
        wait_until(is_listening)
        for kind in ("normal", "pubsub"):
            control.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        make_incident()
        client.receive()
        wait_until(is_listening)
        began = time.monotonic()
        for _ in range(4):
            incident = make_incident()
            assert pks([client.receive()]) == [incident.pk]

        assert time.monotonic() - began < 4 * 3.0
