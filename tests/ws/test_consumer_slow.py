"""Clients that read slowly or not at all cost little, and delay no other client."""

import socket

import pytest

from argus.ws.sockets import CUT_OFF
from tests.factories import make_incident, make_source
from tests.ws.server import connected, wait_until

pytestmark = pytest.mark.once

LARGE = 100_000
# Bytes that the server may buffer for one client.
MAX_BUFFERED = 1024 * 1024


def buffered(server) -> int:
    """Return the largest write buffer of the server's connections, in bytes."""
    return max((one.transport.get_write_buffer_size() for one in server.connections()), default=0)


def small_socket(server) -> socket.socket:
    """Return a connection with a small receive buffer in the kernel."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    return connection


def slow_client(server, token: str):
    """Return a client whose library stops reading when messages are not fetched."""
    return connected(server, token, max_queue=1, sock=small_socket(server), ping_interval=None)


def test_client_that_does_not_read_is_cut_off_and_others_receive_everything(memory_layer, open_server, as_user):
    server = open_server(send_timeout=1.0, poll_interval=0.1)
    source, cut_off, largest = make_source(), CUT_OFF._value.get(), 0
    with connected(server, as_user.token.key) as reader, slow_client(server, as_user.token.key) as idler:
        reader.subscribe()
        idler.subscribe()
        for number in range(60):
            make_incident(source, description="x" * LARGE)
            assert reader.receive()["payload"]["source_incident_id"], number
            largest = max(largest, buffered(server))

        wait_until(lambda: CUT_OFF._value.get() == cut_off + 1)
        # The server has closed the connection although the client does not read.
        wait_until(lambda: len(server.connections()) == 1)
        assert 0 < largest < MAX_BUFFERED
        make_incident(source)
        assert len(reader.receive()["payload"]["description"]) == 0


def test_client_that_is_too_far_behind_has_to_reload(memory_layer, open_server, as_user):
    server = open_server(max_size=5 * LARGE)
    source = make_source()
    with connected(server, as_user.token.key) as reader, slow_client(server, as_user.token.key) as idler:
        reader.subscribe()
        idler.subscribe(since=None)
        for _ in range(60):
            make_incident(source, description="x" * LARGE)
            reader.receive()
        # It reads again, but the next message has been dropped.
        wait_until(lambda: idler.receive()["type"] == "reload")
        incident = make_incident(source)
        wait_until(lambda: idler.receive().get("payload", {}).get("pk") == incident.pk)


def test_slow_client_that_reads_in_time_receives_everything(server, as_user):
    source = make_source()
    with slow_client(server, as_user.token.key) as idler:
        first = idler.subscribe()["sequence"]
        for _ in range(30):
            make_incident(source, description="x" * LARGE)

        assert [message["sequence"] for message in idler.receive_many(30)] == list(range(first + 1, first + 31))


def test_flood_of_invalid_requests_delays_no_other_client(server, as_user):
    with connected(server, as_user.token.key) as reader, slow_client(server, as_user.token.key) as flooder:
        reader.subscribe()
        for _ in range(500):
            flooder.send("invalid")
        make_incident()

        assert reader.receive()["type"] == "created"
        assert {str(flooder.receive()) for _ in range(500)} == {str({"error": "the message is not JSON"})}
