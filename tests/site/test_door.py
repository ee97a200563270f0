"""Whoever is turned away before Django sees them is named, written down and counted, and can read why."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from uvicorn import Config
from uvicorn.server import ServerState

from argus.site import admission, asgi, bodies, protocol
from argus.site.admission import Refused
from argus.site.protocol import BoundedProtocol
from tests.wireless import talk

HEAD = b"POST /api/v1/incidents/?token=secret HTTP/1.1\r\nX-Request-ID: one-request-of-nav\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def lines(caplog) -> Callable[[], list[logging.LogRecord]]:
    """The access lines so far."""
    caplog.set_level(logging.INFO, "argus.access")
    return lambda: [record for record in caplog.records if record.name == "argus.access"]


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("argus_http_refused_total", {"reason": reason}) or 0


def say(*pieces: bytes) -> bytes:
    """Say these to a server on a real port, one after the other answered, and return all that it says until it ends."""

    async def echo(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def story():
        config = Config(echo, lifespan="off", log_config=None)
        server = await asyncio.get_running_loop().create_server(
            lambda: BoundedProtocol(config, ServerState(), {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number, piece in enumerate(pieces):
            writer.write(piece)
            if number < len(pieces) - 1:
                await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        server.close()
        return answer

    return asyncio.run(story())


def taken_apart(answer: bytes) -> tuple[int, dict[str, str], dict]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers["content-length"]) == len(body)
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("piece", "status", "reason"),
    [
        (HEAD + b"no colon\r\n\r\n", 400, "malformed"),
        (HEAD, 408, "slow head"),
        (HEAD + b"X-Long: " + b"a" * 100_000, 431, "long head"),
    ],
)
def test_what_is_no_request_yet_is_answered_in_full(piece, status, reason, lines, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    before = counted(reason)

    told, headers, body = taken_apart(say(piece))

    assert told == status
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"] == "one-request-of-nav"
    assert list(body) == ["detail"]
    assert counted(reason) == before + 1
    (line,) = lines()
    assert (line.method, line.path, line.status, line.reason) == ("POST", "/api/v1/incidents/", status, reason)
    assert line.client == "127.0.0.1"


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02", b"\xff" * 100, b"nonsense\r\n\r\n", b" \r\n"])
def test_nonsense_gets_a_line_of_its_own_also_after_a_request(nonsense, lines):
    good = b"GET /good/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    for pieces in ([nonsense], [good, nonsense]):
        status, headers, _ = taken_apart(say(*pieces))
        assert status == 400
        assert len(headers["x-request-id"]) == 32
    assert [line.path for line in lines()] == ["-", "-"]


def test_who_says_nothing_at_all_is_hung_up_on_without_a_word(lines, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)

    assert say(b"") == b""
    assert lines() == []


def test_a_head_that_comes_in_pieces_has_its_time_as_a_whole(monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1)
    beginning, end = HEAD[:30], HEAD[30:] + b"\r\n"

    assert say(beginning + end, beginning + end, beginning).startswith(b"HTTP/1.1 408 ")


def answer_to(scope: dict, *messages: dict) -> tuple[dict, dict]:
    """Return status and headers, and the body, of what a client gets that sends these and then nothing more."""
    start, body = talk(scope, *messages)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return {"status": start["status"], **headers}, json.loads(body["body"])


def scope_of(**headers: str) -> dict:
    return {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/incidents/",
        "query_string": b"token=secret",
        "client": ("10.0.0.1", 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


@pytest.fixture
def full_house(monkeypatch):
    """A server that lets nobody in."""

    def full(status: int, reason: str) -> None:
        class Full:
            def place_for(self, scope):
                raise Refused(status, reason, 'Not "now".', 0.01)

        monkeypatch.setattr(asgi, "admission", Full())
        monkeypatch.setattr(admission, "SLOWEST_REFUSAL", 0.01)

    return full


@pytest.mark.parametrize(("status", "reason"), [(429, "rate"), (429, "queue"), (503, "busy")])
def test_who_is_not_let_in_reads_when_to_come_back(status, reason, full_house, lines):
    full_house(status, reason)
    before = counted(reason)

    answer, body = answer_to(scope_of(x_request_id="one-request-of-nav"), {"type": "http.request"})

    assert (answer["status"], answer["retry-after"]) == (status, "1")
    assert answer["x-request-id"] == "one-request-of-nav"
    assert body == {"detail": 'Not "now".'}
    assert counted(reason) == before + 1
    (line,) = lines()
    assert (line.status, line.reason, line.path, line.client) == (status, reason, "/api/v1/incidents/", "10.0.0.1")


def test_refusals_are_among_the_requests_that_were_answered(full_house):
    full_house(503, "busy")
    labels = {"view": "other", "method": "POST", "status": "503"}
    before = REGISTRY.get_sample_value("argus_http_requests_total", labels) or 0

    answer_to(scope_of(), {"type": "http.request"})

    assert REGISTRY.get_sample_value("argus_http_requests_total", labels) == before + 1


@pytest.mark.parametrize(("origin", "readable"), [("https://argus.example.org", True), ("https://evil.example", False)])
def test_the_frontend_and_no_other_page_may_read_a_refusal(origin, readable, full_house, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://argus.example.org"]
    full_house(503, "busy")

    answer, _ = answer_to(scope_of(origin=origin), {"type": "http.request"})

    assert (answer.get("access-control-allow-origin") == origin) == readable
    assert ("Retry-After" in answer.get("access-control-expose-headers", "")) == readable


def test_a_body_that_does_not_come_is_named_and_counted(monkeypatch, lines):
    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    before = counted("slow body")

    answer, _ = answer_to(scope_of(content_length="9"), {"type": "http.request", "body": b"{", "more_body": True})

    assert (answer["status"], answer["connection"]) == (408, "close")
    assert len(answer["x-request-id"]) == 32
    assert counted("slow body") == before + 1
    assert [line.reason for line in lines()] == ["slow body"]


def test_a_live_server_writes_a_line_of_what_is_no_request(argus):
    with argus.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    status, headers, _ = taken_apart(answer)

    assert status == 400
    (line,) = [line for line in argus.log.read_text().splitlines() if headers["x-request-id"] in line]
    assert "argus.access: - - 400 " in line
