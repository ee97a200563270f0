"""Bytes that no test client can send, on a connection to a real server.

Slow clients and endless headers are the proxy's task: tests/flows/test_nginx.py.
"""

import json
import secrets
import socket
import time
from collections.abc import Iterator

import pytest

from tests.live import Gunicorn, new_database
from tests.servers import running

pytestmark = pytest.mark.once

INCIDENTS = "/api/v1/incidents/"
JSON = {"Content-Type": "application/json"}


class Wire:
    """A raw socket with the token of a source."""

    def __init__(self, argus, token: str):
        self.argus = argus
        self.session = argus.session(token)
        self.headers = f"Host: 127.0.0.1\r\nAuthorization: Token {token}\r\n".encode()

    def head(self, method: str = "POST", path: str = INCIDENTS, *lines: str) -> bytes:
        """The beginning of a request, up to the empty line, which is left to the caller."""
        lines = [f"{method} {path} HTTP/1.1", *lines, "Content-Type: application/json"]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n" + self.headers

    def ask(self, *parts: bytes, pause: float = 0.1) -> tuple[int, dict, bytes]:
        """Send the parts one after the other; return status, headers and body of the answer."""
        with self.argus.connect() as connection:
            for number, part in enumerate(parts):
                time.sleep(pause if number else 0)
                connection.sendall(part)
            return read_answer(connection)

    def ids(self) -> set[str]:
        """The source_incident_id of everything stored lately."""
        page = self.session.get(f"{self.argus.api}incidents/mine/?page_size=1000", timeout=10)
        return {incident["source_incident_id"] for incident in page.json()["results"]}


def read_answer(connection: socket.socket) -> tuple[int, dict, bytes]:
    """Read one response, and before it a "100 Continue", from a connection without a further one."""
    return read_response(connection.makefile("rb"))


def read_response(stream) -> tuple[int, dict, bytes]:
    status = int(stream.readline().split()[1])
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if status == 100:
        return read_response(stream)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
        return status, headers, body
    return status, headers, stream.read(int(headers.get("content-length", 0)))


@pytest.fixture(scope="module", params=["serve", pytest.param("gunicorn", marks=pytest.mark.slow)])
def wire(request) -> Iterator[Wire]:
    if request.param == "serve":
        server = request.getfixturevalue("argus")
        yield Wire(server, server.make_source()["token"])
        return
    with new_database() as url, running(Gunicorn(url)) as server:
        yield Wire(server, server.make_source()["token"])


@pytest.fixture
def new_id() -> str:
    return secrets.token_hex(8)


def body_of(new_id: str, **more) -> bytes:
    body = {"start_time": "2024-05-15T14:00:00Z", "source_incident_id": new_id, "tags": [{"tag": "a=b"}], **more}
    return json.dumps(body).encode()


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_a_chunked_body_is_read(wire, new_id):
    status, _, body = wire.ask(wire.head() + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body_of(new_id), 20))

    assert status == 201
    assert json.loads(body)["source_incident_id"] == new_id


@pytest.mark.parametrize("size", [300 * 1024, 2 * 1024 * 1024])
def test_a_chunked_body_over_the_limit_is_413(wire, new_id, size):
    content = chunked(body_of(new_id, description="x" * size))

    status, _, body = wire.ask(wire.head() + b"Transfer-Encoding: chunked\r\n\r\n", content)

    assert status == 413
    assert list(json.loads(body)) == ["detail"]
    assert new_id not in wire.ids()


def test_client_that_sends_300_kib_can_read_the_413(wire, new_id):
    for _ in range(5):
        # gunicorn does not keep a connection on which it has not read the body; proxies use one for each request.
        headers = {"Connection": "close"}
        body = body_of(new_id, description="x" * 300 * 1024)
        response = wire.session.post(f"{wire.argus.api}incidents/", data=body, headers=headers, timeout=10)
        assert response.status_code == 413
        assert list(response.json()) == ["detail"]
    assert new_id not in wire.ids()


def test_a_length_of_ten_gigabytes_is_413_before_the_body_comes(wire):
    status, _, _ = wire.ask(wire.head() + b"Content-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n")

    assert status == 413


def test_a_length_that_is_no_machine_number_is_refused(wire):
    status, _, _ = wire.ask(wire.head() + b"Content-Length: 99999999999999999999999999\r\n\r\n{}")

    assert status in {400, 413}


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: -5\r\n",
        b"Content-Length: x\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"X-Nul: a\x00b\r\n",
        b"no colon\r\n",
    ],
)
def test_headers_that_contradict_themselves_are_400_and_end_the_connection(wire, lines):
    status, headers, _ = wire.ask(wire.head() + lines + b"\r\n{}")

    assert status == 400
    assert headers["connection"] == "close"


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/incidents/\xff\xe6/",
        "/api/v1/incidents/å/".encode(),
        b"/api/v1/incidents/?tags=a=\xff\xfe",
        "/api/v1/incidents/?tags=a=å".encode(),
        b"/api/v1/incidents/%ff%00%ed%a0%80/",
        b"/api/v1/incidents/?tags=%ff",
        b"/api/v1/incidents/?page_size=1&x=" + b"a" * 200_000,
        b"http://[bad/api/v1/",
        b"*",
        b"//evil.example.org/api/v1/incidents/",
        b"/api/v1/../../etc/passwd",
    ],
)
def test_bytes_in_the_address_are_no_server_error(wire, path):
    status, _, _ = wire.ask(b"GET " + path + b" HTTP/1.1\r\n" + wire.headers + b"\r\n")

    assert 300 < status < 500


@pytest.mark.parametrize(
    "host", [b"evil.example.org", b"", b"\xff", b"a b", b"[::1", b"127.0.0.1:x", b"localhost,evil"]
)
def test_unknown_host_is_400(wire, host):
    headers = wire.headers.replace(b"127.0.0.1", host)

    status, _, body = wire.ask(b"GET /api/v1/incidents/ HTTP/1.1\r\n" + headers + b"\r\n")

    assert status == 400
    assert list(json.loads(body)) == ["detail"]


def test_expect_100_continue_is_answered(wire, new_id):
    body = body_of(new_id)

    status, _, _ = wire.ask(wire.head() + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    assert status == 201


def test_http_1_0_is_supported(wire):
    with wire.argus.connect() as connection:
        connection.sendall(b"GET /api/v1/incidents/?page_size=1 HTTP/1.0\r\n" + wire.headers + b"\r\n")
        status, _, body = read_answer(connection)
        assert status == 200
        assert json.loads(body)
        assert connection.recv(1) == b""


def test_a_connection_is_kept_for_the_next_request(wire, new_id):
    with wire.argus.connect() as connection:
        for number in range(20):
            body = body_of(f"{new_id}-{number}")
            connection.sendall(wire.head() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert read_answer(connection)[0] == 201


def test_a_connection_is_kept_after_a_refusal(wire):
    with wire.argus.connect() as connection:
        for content in (b"{", b"{}", b"[]", b"\xff", b'{"tags": null}'):
            connection.sendall(wire.head() + b"Content-Length: %d\r\n\r\n" % len(content) + content)
            assert read_answer(connection)[0] == 400


def test_truncated_form_is_refused(wire, new_id):
    incident = wire.session.post(f"{wire.argus.api}incidents/", data=body_of(new_id), headers=JSON, timeout=10).json()
    form = b"type=OTH&timestamp=2024-05-15T15:00:00Z&description=half of a sente"
    events = f"{wire.argus.api}incidents/{incident['pk']}/events/"

    for direction in (socket.SHUT_RDWR, socket.SHUT_WR):
        head = wire.head("POST", f"{INCIDENTS}{incident['pk']}/events/").replace(b"json", b"x-www-form-urlencoded")
        connection = wire.argus.connect()
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % (len(form) + 5) + form)
        time.sleep(0.3)
        connection.shutdown(direction)
        time.sleep(0.3)
        connection.close()

    assert [event["type"]["value"] for event in wire.session.get(events, timeout=10).json()] == ["STA"]


def test_truncated_json_changes_nothing(wire, new_id):
    content = body_of(new_id)

    for length in (1, len(content) // 2, len(content) - 1):
        with wire.argus.connect() as connection:
            connection.sendall(wire.head() + b"Content-Length: %d\r\n\r\n" % len(content) + content[:length])
            time.sleep(0.1)
    time.sleep(0.3)

    assert new_id not in wire.ids()
