"""What proxies say of a request counts where the settings say so, and nowhere else."""

import pytest
import requests

from tests.factories import incident_body
from tests.live import running_argus

SAID = {"X-Forwarded-Host": "argus.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


@pytest.fixture(scope="module")
def believing():
    """A server behind a proxy on this machine, which passes on what clients send without a change."""
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
    """The link to a second page, when asked by a proxy."""
    with server.session(server.make_source()["token"]) as source:
        for _ in range(2):
            assert source.post(f"{server.api}incidents/", json=incident_body(), timeout=30).status_code == 201
        return source.get(f"{server.api}incidents/?page_size=1", headers=SAID, timeout=30).json()["next"]


def guess(server, address: str) -> int:
    """Try a wrong password from an address, as a proxy tells it."""
    body = {"username": "kari", "password": "guessed"}
    return requests.post(
        f"{server.api}token-auth/", json=body, headers={"X-Forwarded-For": address}, timeout=30
    ).status_code


def test_links_lead_to_the_host_that_was_asked_whatever_a_proxy_says(argus):
    assert next_page(argus).startswith(f"{argus.url}/api/v1/incidents/?")


def test_links_lead_to_the_host_that_the_proxy_names_if_it_is_believed(believing):
    assert next_page(believing).startswith("https://argus.example.org/api/v1/incidents/?")


def test_clients_behind_a_proxy_are_told_apart_if_it_is_believed(believing):
    answers = [guess(believing, "192.0.2.1") for _ in range(10)]

    assert answers[0] == 400
    assert 429 in answers
    assert guess(believing, "198.51.100.7") == 400


def test_whoever_is_not_believed_cannot_get_around_the_pauses_by_making_up_addresses():
    with running_argus(ARGUS_LOGIN_TRIES="1") as server:
        assert 429 in [guess(server, f"192.0.2.{number}") for number in range(10)]
