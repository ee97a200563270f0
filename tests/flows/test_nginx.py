"""The shipped configurations of nginx, live: what passes, and what nginx refuses before it reaches Argus.

``tests/test_containers.py`` checks the files where nginx is not installed.
"""

import contextlib
import json
import re
import socket
import ssl
import time

import pytest
import requests
import urllib3
from websockets.sync.client import connect

from tests.factories import incident_body
from tests.live import Gunicorn, running_argus
from tests.nginx import NAME, NGINX, Nginx
from tests.servers import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]
ENVIRONMENT = {
    "ALLOWED_HOSTS": NAME,
    "ARGUS_BEHIND_TLS_PROXY": "1",
    "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
    "ARGUS_LOGIN_TRIES": "1",
}
# Short enough for a test.
SHORT_TIMEOUTS = {r"(client_(header|body)_timeout) 20s": r"\1 1s"}


@pytest.fixture(scope="module")
def argus():
    """The websocket's server; gunicorn, beside it, is ``argus.web``. Without Redis, its poll finds changes."""
    with running_argus(**ENVIRONMENT) as server:
        server.web = Gunicorn(server.database_url, **ENVIRONMENT)
        with running(server.web):
            yield server


@pytest.fixture(scope="module", params=["nginx.conf", "nginx-compose.conf"])
def proxy(request, argus):
    urllib3.disable_warnings()
    ports = {"web": [argus.web.port], "websocket": argus.port}
    with running(Nginx(request.param, changes=SHORT_TIMEOUTS, **ports)) as server:
        server.source = argus.make_source()
        server.token = {"Authorization": f"Token {server.source['token']}"}
        yield server


def open_connection(proxy) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
    if proxy.scheme == "http":
        return connection
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=NAME)


def test_requests_pass_and_links_have_the_public_name_and_tls(proxy):
    for _ in range(2):
        posted = proxy.ask("POST", "/api/v1/incidents/", json=incident_body(), headers=proxy.token)
        assert posted.status_code == 201
        assert posted.headers["X-Request-ID"]
    page = proxy.ask("GET", "/api/v1/incidents/?page_size=1", headers=proxy.token)
    assert page.json()["next"].startswith(f"https://{NAME}/api/v1/incidents/?")


def test_websockets_pass(proxy):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    options = {"ssl": context} if proxy.scheme == "https" else {}
    address = f"{proxy.scheme.replace('http', 'ws')}://{NAME}/ws/open/"
    connection = socket.create_connection(("127.0.0.1", proxy.port))
    with connect(address, sock=connection, additional_headers=proxy.token, open_timeout=60, **options) as follower:
        follower.send('{"action": "subscribe"}')
        assert '"subscribed"' in follower.recv(60)
        proxy.ask("POST", "/api/v1/incidents/", json=incident_body(), headers=proxy.token)
        assert '"created"' in follower.recv(60)


def test_bodies_up_to_the_limit_pass_and_longer_ones_are_413(proxy):
    many = {"incidents": [incident_body(description="x" * 2000) for _ in range(1000)]}
    assert proxy.ask("POST", "/api/v1/incidents/bulk/", json=many, headers=proxy.token).status_code in {200, 201, 207}
    one = incident_body(description="x" * 300_000)
    assert proxy.ask("POST", "/api/v1/incidents/", json=one, headers=proxy.token).status_code == 413
    assert proxy.ask("POST", "/api/v1/incidents/", data=b"x" * 10_000_000, headers=proxy.token).status_code == 413


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?x"])
def test_metrics_are_not_public(proxy, path):
    assert proxy.ask("GET", path).status_code == 404


def test_tls_is_required_regardless_of_client_headers(proxy):
    if proxy.scheme == "http":
        pytest.skip("another proxy terminates TLS")
    answer = requests.get(
        f"http://127.0.0.1:{proxy.plain_port}/api/v1/incidents/?a=b", headers={"Host": NAME}, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/api/v1/incidents/?a=b")
    page = proxy.ask("GET", "/api/v1/incidents/?page_size=1", headers={**proxy.token, "X-Forwarded-Proto": "http"})
    assert page.json()["next"] is None or page.json()["next"].startswith("https://")


def test_compose_trusts_forwarded_headers_of_the_outer_proxy_only(argus):
    # It shows what it passes on.
    shown = r"\g<0> add_header X-Seen $remote_addr,$argus_scheme always;"
    changes = {r"\$\{ARGUS_OUTER_PROXY\}": "127.0.0.1", r"limit_conn_status.*": shown}
    forwarded = "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.9"
    request = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n{forwarded}\r\nConnection: close\r\n\r\n"
    ports = {"web": [argus.web.port], "websocket": argus.port}
    with running(Nginx("nginx-compose.conf", changes=changes, **ports)) as proxy:
        for address, seen in (("127.0.0.1", "192.0.2.9,https"), ("127.0.0.2", "127.0.0.2,http")):
            with socket.create_connection(("127.0.0.1", proxy.port), source_address=(address, 0)) as connection:
                connection.sendall(request.encode())
                assert f"X-Seen: {seen}\r\n" in connection.makefile("rb").read().decode()


def test_login_throttle_cannot_be_evaded_by_forged_addresses(proxy):
    answers = [
        proxy.ask(
            "POST",
            "/api/v1/token-auth/",
            json={"username": f"kari-{proxy.port}", "password": "guess"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(10)
    ]
    if proxy.scheme == "https":
        assert 429 in answers
    else:
        # The proxy before this one has set the address.
        assert set(answers) == {400}


# What nginx refuses itself


def assert_refused(answer: bytes, status: int) -> None:
    """Check that the response of nginx looks like one of Argus: JSON with a request id."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert int(first.split()[1]) == status
    assert headers["content-type"] == "application/json"
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert list(json.loads(body)) == ["detail"]


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9999999999\r\n\r\n", 413),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 10_000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: a\r\n" * 5_000 + b"\r\n", 400),
    ],
)
def test_malformed_requests_and_long_headers_are_refused(proxy, request_head, status):
    with open_connection(proxy) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request_head)
        answer = connection.makefile("rb").read()
    assert_refused(answer, status)


@pytest.mark.parametrize(
    "beginning", [b"", b"GET / HTTP/1.1\r\nHos", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"]
)
def test_connections_of_slow_clients_are_closed(proxy, beginning):
    with open_connection(proxy) as connection:
        connection.sendall(beginning)
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            connection.makefile("rb").read()
        assert time.monotonic() - begun < 20


def test_stalled_clients_do_not_delay_others(proxy):
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(open_connection(proxy))
            connection.sendall(b"POST /api/v1/incidents/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        assert proxy.ask("GET", "/api/v1/incidents/", headers=proxy.token).status_code == 200


def test_argus_that_is_down_is_502_with_retry_after(argus):
    urllib3.disable_warnings()
    with running(Nginx("nginx.conf", web=[1], websocket=1)) as proxy:
        answer = proxy.ask("GET", "/api/v1/incidents/")
    assert answer.status_code == 502
    assert int(answer.headers["Retry-After"]) > 0
    assert list(answer.json()) == ["detail"]


def test_more_requests_of_an_address_than_its_burst_are_429(argus):
    urllib3.disable_warnings()
    few = {r"rate=20r/s": "rate=1r/s", r"burst=300 delay=100": "burst=1"}
    with running(Nginx("nginx.conf", web=[argus.web.port], websocket=argus.port, changes=few)) as proxy:
        answers = [proxy.ask("GET", "/healthz") for _ in range(2)]
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(open_connection(proxy)) for _ in range(6)]
            for connection in connections:
                connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
            heads = [connection.makefile("rb").readline() for connection in connections]
    # Some wait for their turn, the others are refused.
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {head.split()[1] for head in heads} == {b"200", b"429"}
