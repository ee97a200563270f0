"""Headers of reverse proxies count only where the settings allow them."""

import pytest
import requests

from tests.factories import incident_body
from tests.live import running_argus

pytestmark = pytest.mark.once

HEADERS = {"X-Forwarded-Host": "argus.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


@pytest.fixture(scope="module")
def trusting():
    """A server that trusts the forwarded headers of a proxy on this machine."""
    environment = {
        "ALLOWED_HOSTS": "127.0.0.1,argus.example.org",
        "ARGUS_BEHIND_HOST_PROXY": "on",
        "ARGUS_BEHIND_TLS_PROXY": "on",
        "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
        "ARGUS_LOGIN_TRIES": "1",
    }
    with running_argus(**environment) as server:
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
