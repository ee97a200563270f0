"""The request line and the headers: Host is required, their length is limited, on every server."""

import pytest

from argus.http.request_head import MAX_HEAD_SIZE, check_head_first
from tests.live import Argus, Gunicorn, new_database
from tests.servers import running

HOST = "Host: 127.0.0.1\r\n"
WEBSOCKET = (
    "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
# gunicorn limits a header to 8 KiB and their number to 100.
FULL, LONG = ("".join(f"X-Long-{one}: {'x' * 5_000}\r\n" for one in range(number)) for number in (12, 20))
CASES = [
    ("GET /healthz HTTP/1.1", HOST, 200),
    ("GET /healthz HTTP/1.0", "", 200),
    ("GET /healthz HTTP/1.1", "", 400),
    ("GET /api/v1/incidents/ HTTP/1.1", "", 400),
    ("GET /static/argus/front_page.css HTTP/1.1", "", 400),
    ("GET /healthz HTTP/1.1", HOST * 2, 400),
    ("GET /api/v1/incidents/ HTTP/1.1", HOST + LONG, 431),
    ("GET /healthz HTTP/1.1", HOST + LONG, 431),
    ("GET /healthz HTTP/1.1", HOST + FULL, 200),
]
WEBSOCKET_CASES = [("", 400), (HOST * 2, 400), (HOST + LONG, 431), (HOST, 403)]


def status_of(server: Argus, request: str) -> int:
    with server.connect(60) as connection:
        connection.sendall(request.encode())
        return int(connection.makefile("rb").read().split()[1])


def head(line: str, headers: str) -> str:
    return f"{line}\r\n{headers}Connection: close\r\n\r\n"


@pytest.mark.slow
def test_wsgi_server_gets_only_valid_heads():
    with new_database() as url, running(Gunicorn(url, WEB_CONCURRENCY="1")) as server:
        assert [status_of(server, head(line, headers)) for line, headers, _ in CASES] == [case[-1] for case in CASES]


def test_asgi_server_gets_only_valid_heads(argus):
    assert [status_of(argus, head(line, headers)) for line, headers, _ in CASES] == [case[-1] for case in CASES]
    for headers, status in WEBSOCKET_CASES:
        assert status_of(argus, f"GET /ws/open/ HTTP/1.1\r\n{headers}{WEBSOCKET}\r\n") == status


@pytest.mark.parametrize(("excess", "status"), [(0, "200"), (1, "431")])
def test_length_counts_url_and_headers(excess, status):
    environ = {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a", "PATH_INFO": "/", "QUERY_STRING": "b"}
    environ["HTTP_X"] = "x" * (MAX_HEAD_SIZE - len("HTTP_HOSTaHTTP_X/b") + excess)
    statuses: list[str] = []
    application = check_head_first(lambda environ, start_response: start_response("200 OK", []) or [])
    application(environ, lambda line, headers: statuses.append(line.split()[0]))
    assert statuses == [status]
