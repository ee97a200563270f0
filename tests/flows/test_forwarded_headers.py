"""Headers of reverse proxies count only where the settings allow them."""

import json

import pytest
import requests

from tests.factories import incident_body
from tests.live import Gunicorn, running_argus
from tests.servers import running

pytestmark = pytest.mark.once

HEADERS = {"X-Forwarded-Host": "argus.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


TRUSTING = {
    "ALLOWED_HOSTS": "127.0.0.1,argus.example.org",
    "ARGUS_BEHIND_HOST_PROXY": "on",
    "ARGUS_BEHIND_TLS_PROXY": "on",
    "ARGUS_LOG_FORMAT": "json",
    "ARGUS_LOGIN_TRIES": "1",
    "ARGUS_ADDRESS_RATE_LIMIT": "2",
    "ARGUS_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8",
    "WEB_CONCURRENCY": "1",
}


@pytest.fixture(scope="module")
def trusting():
    """A server that trusts the forwarded headers of a proxy on this machine."""
    with running_argus(**TRUSTING) as server:
        yield server


@pytest.fixture(scope="module")
def trusting_gunicorn():
    """The same for gunicorn."""
    with running(Gunicorn(**TRUSTING)) as server:
        yield server


def next_page(server) -> str:
    """Return the link to the second page of a request with forwarded headers."""
    with server.session(server.make_source()["token"]) as source:
        for _ in range(2):
            assert source.post(f"{server.api}incidents/", json=incident_body(), timeout=30).status_code == 201
        return source.get(f"{server.api}incidents/?page_size=1", headers=HEADERS, timeout=30).json()["next"]


def guess(server, address: str) -> int:
    """Log in with a wrong password and a forwarded address; return the status."""
    body = {"username": "kari", "password": "guessed"}
    return requests.post(
        f"{server.api}token-auth/", json=body, headers={"X-Forwarded-For": address}, timeout=30
    ).status_code


def test_links_ignore_forwarded_hosts_by_default(argus):
    assert next_page(argus).startswith(f"{argus.url}/api/v1/incidents/?")


def test_links_use_the_forwarded_host_of_a_trusted_proxy(trusting):
    assert next_page(trusting).startswith("https://argus.example.org/api/v1/incidents/?")


def test_clients_behind_a_trusted_proxy_are_throttled_separately(trusting):
    answers = [guess(trusting, "192.0.2.1") for _ in range(10)]

    assert answers[0] == 400
    assert 429 in answers
    assert guess(trusting, "198.51.100.7") == 400


@pytest.mark.slow
def test_untrusted_client_cannot_avoid_the_throttle_by_forged_addresses():
    with running_argus(ARGUS_LOGIN_TRIES="1") as server:
        assert 429 in [guess(server, f"192.0.2.{number}") for number in range(10)]


@pytest.mark.parametrize("kind", ["trusting", pytest.param("trusting_gunicorn", marks=pytest.mark.slow)])
def test_limits_and_logs_use_the_address_behind_trusted_proxies(request, kind):
    server = request.getfixturevalue(kind)
    addresses = {
        "192.0.2.77": "192.0.2.77",
        "203.0.113.9, 192.0.2.78, 10.1.2.3": "192.0.2.78",
        "203.0.113.9, 2001:db8:1:2:3:4:5:6": "2001:db8:1:2:3:4:5:6",
    }
    assert [guess(server, forwarded) for forwarded in addresses] == [400] * 3
    entries = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    clients = [one["client"] for one in entries if one["logger"] == "argus.access"]
    assert clients[-3:] == list(addresses.values())
    failed = [one["object"] for one in entries if one.get("verb") == "failed to log in from"]
    assert failed[-3:] == list(addresses.values())

    def ask(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded, "Authorization": "Token made-up"}
        return requests.get(f"{server.api}incidents/", headers=headers, timeout=30).status_code

    # Forged entries before that of the proxy do not help.
    assert {ask(f"203.0.113.{number}, 198.51.100.1") for number in range(60)} == {401, 429}
    assert ask("198.51.100.2") == 401
