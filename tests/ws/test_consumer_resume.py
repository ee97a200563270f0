"""A client that reconnects receives exactly the messages that it has missed, or has to reload."""

import random
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from argus.incident.changes import CURSOR_RETENTION
from argus.incident.models import Incident
from argus.ws import feed, protocol
from argus.ws.hub import RELOADS
from argus.ws.protocol import Audience
from tests.factories import make_ack, make_incident, make_incidents
from tests.parallel import at_once
from tests.ws.server import connected, pks, position, wait_until


@pytest.fixture
def since(server, as_user) -> dict:
    """The position of a client that has subscribed and disconnected."""
    with connected(server, as_user.token.key) as client:
        return position(client.subscribe(since=None))


@pytest.fixture(params=["the same process", "another process"])
def next_server(request, server, open_server):
    """The server that the client connects to next."""
    return server if request.param == "the same process" else open_server()


def assert_consecutive(messages: list[dict]) -> None:
    first = messages[0]["sequence"]
    assert [message["sequence"] for message in messages] == list(range(first, first + len(messages)))


def test_missed_messages_come_before_new_ones(next_server, as_user, since):
    missed = make_incidents(5)
    with connected(next_server, as_user.token.key) as client:
        answer = client.subscribe(since=since)
        assert answer["type"] == "resumed"
        assert answer["stream"] == since["stream"]
        assert "start_incidents" not in answer
        later = make_incidents(3)

        messages = client.receive_many(8)
        assert pks(messages) == [one.pk for one in missed + later]
        assert_consecutive([answer, *messages])
        assert client.receives_nothing()


def test_client_that_has_missed_nothing_receives_nothing(next_server, as_user, since):
    with connected(next_server, as_user.token.key) as client:
        assert client.subscribe(since=since)["type"] == "resumed"
        assert client.receives_nothing()


def test_client_continues_after_any_message(server, open_server, as_user):
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        incidents = make_incidents(5)
        messages = client.receive_many(5)
        for place in (server, open_server()):
            for number, message in enumerate(messages, 1):
                with connected(place, as_user.token.key) as other:
                    assert other.subscribe(since=position(message))["type"] == "resumed"
                    assert pks(other.receive_many(5 - number)) == [one.pk for one in incidents[number:]]
                    assert other.receives_nothing(0.1)


def test_only_client_of_a_process_resumes_after_its_last_message(server, as_user):
    with connected(server, as_user.token.key) as client:
        client.subscribe(since=None)
        make_incident()
        since = position(client.receive())
    wait_until(lambda: not server.hub.sockets)
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since=since)["type"] == "resumed"
        assert client.receives_nothing()
        later = make_incident()
        assert pks([client.receive()]) == [later.pk]


def test_many_missed_messages_come_in_batches(next_server, as_user, since):
    missed = make_incidents(120)
    with connected(next_server, as_user.token.key) as client:
        answer = client.subscribe(since=since)

        messages = client.receive_many(120)
        assert pks(messages) == [one.pk for one in missed]
        assert_consecutive([answer, *messages])


def test_clients_with_the_same_position_share_the_queries_and_messages(open_server, monkeypatch, as_user, since):
    """After a restart of a web process, all its clients resume at once."""
    server, missed, calls = open_server(), make_incidents(60), []
    for name in ("read_missed", "render_messages"):
        function = getattr(feed, name)
        monkeypatch.setattr(
            feed, name, lambda *args, name=name, function=function, **kw: calls.append(name) or function(*args, **kw)
        )

    def resume(_: int) -> list[dict]:
        with connected(server, as_user.token.key) as client:
            assert client.subscribe(since=since)["type"] == "resumed"
            return client.receive_many(60)

    received = at_once(*[partial(resume, number) for number in range(20)])
    assert pks(received[0]) == [one.pk for one in missed]
    assert received == [received[0]] * 20
    # Each of 60 changes is rendered once, in two batches. The hub itself renders nothing.
    assert calls.count("read_missed") == 1
    assert calls.count("render_messages") <= 3


def test_shared_messages_are_followed_by_new_ones(open_server, as_user, since):
    server = open_server()
    missed = make_incidents(3)
    with connected(server, as_user.token.key) as first:
        assert first.subscribe(since=since)["type"] == "resumed"
        assert pks(first.receive_many(3)) == [one.pk for one in missed]
        later = make_incidents(2)
        assert pks(first.receive_many(2)) == [one.pk for one in later]
        with connected(server, as_user.token.key) as second:
            answer = second.subscribe(since=since)
            assert answer["type"] == "resumed"
            messages = second.receive_many(5)
            assert pks(messages) == [one.pk for one in missed + later]
            assert_consecutive([answer, *messages])
            assert second.receives_nothing()
    # The hub begins at the end of the feed for the next client. What the former ones shared is no longer valid.
    wait_until(lambda: not server.hub.sockets)
    with connected(server, as_user.token.key) as third:
        assert third.subscribe(since=since)["type"] == "resumed"
        assert pks(third.receive_many(5)) == [one.pk for one in missed + later]
        assert third.receives_nothing()


def test_client_whose_missed_messages_are_too_large_has_to_reload(memory_layer, open_server, as_user, since):
    server = open_server(max_size=50_000)
    make_incidents(3, description="x" * 20_000)
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since=since)["type"] == "resumed"
        assert client.receive()["type"] == "reload"
        later = make_incident()
        assert pks([client.receive()]) == [later.pk]


def test_deleted_incident_is_not_among_missed_messages(next_server, as_user, since):
    deleted, kept = make_incidents(2)
    Incident.objects.filter(pk=deleted.pk).delete()
    with connected(next_server, as_user.token.key) as client:
        client.subscribe(since=since)

        assert pks([client.receive()]) == [kept.pk]
        assert client.receives_nothing()


@pytest.mark.parametrize("change", [{"stream": ""}, {"stream": "x\0y"}, {"stream": "9f3c.everyone"}], ids=str)
def test_client_with_an_unknown_stream_has_to_reload_and_then_receives_messages(server, as_user, since, change):
    make_incident()
    reloads = RELOADS._value.get()
    with connected(server, as_user.token.key) as client:
        answer = client.subscribe(since=since | change)
        assert set(answer) == {"type", "channel_name", "stream", "sequence"}
        assert answer["type"] == "reload"
        assert RELOADS._value.get() == reloads + 1

        later = make_incident()
        message = client.receive()
        assert pks([message]) == [later.pk]
        assert_consecutive([answer, message])


@pytest.mark.parametrize("number", [0, 7, 10**6, 2**62])
def test_sequence_of_since_does_not_matter(server, as_user, since, number):
    missed = make_incident()
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since=since | {"sequence": number})["type"] == "resumed"
        assert pks([client.receive()]) == [missed.pk]


def test_client_that_has_missed_too_much_has_to_reload(memory_layer, open_server, as_user):
    server = open_server(max_messages=5)
    with connected(server, as_user.token.key) as client:
        since = position(client.subscribe(since=None))
    make_incidents(5)
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since=since)["type"] == "resumed"
        assert len(client.receive_many(5)) == 5
    make_incident()
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since=since)["type"] == "reload"


def test_client_that_was_away_for_too_long_has_to_reload(server, as_user, since):
    cursor = protocol.decrypt_cursor(since["stream"], Audience.EVERYONE)
    old = type(cursor)(cursor.seen, cursor.reading, cursor.last_id, timezone.now() - CURSOR_RETENTION - timedelta(0, 1))
    stream = protocol.encrypt_cursor(old, Audience.EVERYONE)
    with connected(server, as_user.token.key) as client:
        assert client.subscribe(since={"stream": stream, "sequence": 1})["type"] == "reload"


class RestlessClient(threading.Thread):
    """A client that keeps losing its connection, and resumes on one of the servers."""

    def __init__(self, servers: list, token: str, seed: int):
        super().__init__(daemon=True)
        self.servers, self.token, self.random = servers, token, random.Random(seed)
        with connected(servers[0], token) as client:
            self.since = position(client.subscribe(since=None))
        self.messages: list[dict] = []
        self.answers: set[str] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            with connected(self.random.choice(self.servers), self.token) as client:
                self.answers.add(client.subscribe(since=self.since)["type"])
                for _ in range(self.random.randrange(1, 8)):
                    try:
                        message = client.receive(0.2)
                    except TimeoutError:
                        break
                    self.messages.append(message)
                    self.since = position(message)


def test_clients_that_reconnect_to_several_processes_receive_every_message_once(memory_layer, open_server, as_user):
    """Changes are made from several threads meanwhile. Those of one incident arrive in their order."""
    servers = [open_server(), open_server()]
    clients = [RestlessClient(servers, as_user.token.key, seed) for seed in range(3)]
    for client in clients:
        client.start()
    incidents = [make_incident() for _ in range(4)]

    def work(number: int) -> None:
        for _ in range(12):
            make_ack(incidents[number])
            make_incident()

    assert at_once(*[lambda number=number: work(number) for number in range(4)]) == [None] * 4
    expected = {("created", pk): 1 for pk in Incident.objects.values_list("pk", flat=True)}
    expected |= {("modified", one.pk): 12 for one in incidents}
    for client in clients:
        wait_until(lambda client=client: len(client.messages) >= sum(expected.values()), 60)
        client.enough.set()
        client.join(30)
        received: dict = {}
        for message in client.messages:
            key = message["type"], message["payload"]["pk"]
            received[key] = received.get(key, 0) + 1
            assert received.get(("created", key[1])), "modified before created"
        assert received == expected
        assert client.answers == {"resumed"}
