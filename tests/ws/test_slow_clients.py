"""A client that does not read is cut off, costs little, and nobody else notices."""

import socket

import pytest

from argus.ws import counts, hub, journal, window
from tests.factories import make_incident, make_source
from tests.ws.server import following, wait_until

LARGE = 100_000
# What may be kept for one client in this process, in bytes.
MOST = 1024 * 1024


@pytest.fixture
def server(memory_layer, open_server):
    """Sending is the same on both layers."""
    return open_server()


def buffered(server) -> int:
    """How many bytes the server keeps at most for any of its sockets."""
    return max((one.transport.get_write_buffer_size() for one in server.connections()), default=0)


def small_socket(server) -> socket.socket:
    """A connection for which the kernel keeps little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    return connection


def idle_reader(server, token: str):
    """A client whose library stops reading when a few messages wait to be fetched."""
    return following(server, token, max_queue=1, sock=small_socket(server), ping_interval=None)


def test_client_that_does_not_read_is_cut_off_and_others_are_told_everything(server, monkeypatch, as_user):
    monkeypatch.setattr(hub, "STALLED_AFTER", 1.0)
    monkeypatch.setattr(hub, "LOOK_EVERY", 0.1)
    source, cut_off, most = make_source(), counts.counts()["cut_off"], 0
    with following(server, as_user.token.key) as reader, idle_reader(server, as_user.token.key) as idler:
        reader.subscribe()
        idler.subscribe()
        for number in range(60):
            make_incident(source, description="x" * LARGE)
            assert reader.hear()["payload"]["source_incident_id"], number
            most = max(most, buffered(server))

        wait_until(lambda: counts.counts()["cut_off"] == cut_off + 1)
        # The server is rid of it, though it still does not read.
        wait_until(lambda: len(server.connections()) == 1)
        assert 0 < most < MOST
        make_incident(source)
        assert len(reader.hear()["payload"]["description"]) == 0


def test_client_that_is_too_far_behind_has_to_reload(server, monkeypatch, as_user):
    monkeypatch.setattr(window, "MOST_CHARACTERS", 3 * LARGE)
    monkeypatch.setattr(journal, "MOST_BYTES", 5 * LARGE)
    source = make_source()
    with following(server, as_user.token.key) as reader, idle_reader(server, as_user.token.key) as idler:
        reader.subscribe()
        idler.subscribe(since=None)
        for _ in range(60):
            make_incident(source, description="x" * LARGE)
            reader.hear()
        # Now it reads again, but what comes next is gone.
        wait_until(lambda: idler.hear()["type"] == "reload")
        incident = make_incident(source)
        wait_until(lambda: idler.hear().get("payload", {}).get("pk") == incident.pk)


def test_slow_client_that_reads_in_time_is_told_everything(server, as_user):
    source = make_source()
    with idle_reader(server, as_user.token.key) as idler:
        first = idler.subscribe()["sequence"]
        for _ in range(30):
            make_incident(source, description="x" * LARGE)

        assert [message["sequence"] for message in idler.hear_many(30)] == list(range(first + 1, first + 31))


def test_flood_of_nonsense_hurts_nobody_else(server, as_user):
    with following(server, as_user.token.key) as reader, idle_reader(server, as_user.token.key) as rude:
        reader.subscribe()
        for _ in range(500):
            rude.say("nonsense")
        make_incident()

        assert reader.hear()["type"] == "created"
        assert {str(rude.hear()) for _ in range(500)} == {str({"error": "the message is not JSON"})}
