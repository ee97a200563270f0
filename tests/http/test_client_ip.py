"""The address of the client: X-Forwarded-For is read as far as its proxies are trusted."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from argus.http.client_ip import client_address, warn_of_untrusted_proxy

PROXY, OTHER_PROXY, CLIENT, FORGED = "10.0.0.1", "10.0.0.2", "192.0.2.1", "203.0.113.9"


def seen(remote: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))


@pytest.mark.parametrize("forwarded", [FORGED, f"{FORGED}, {CLIENT}", "", "nonsense", None])
def test_header_is_ignored_without_trusted_proxies(settings, forwarded):
    settings.ARGUS_TRUSTED_PROXIES = []

    assert seen(CLIENT, forwarded) == CLIENT


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{FORGED}, {CLIENT}", CLIENT),
        (PROXY, f"{FORGED}, {CLIENT}, {OTHER_PROXY}", CLIENT),
        (PROXY, f"{FORGED},{CLIENT} , {OTHER_PROXY}", CLIENT),
        (PROXY, OTHER_PROXY, OTHER_PROXY),
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, "nonsense", PROXY),
        (PROXY, f"{CLIENT}, nonsense", CLIENT),
        (CLIENT, FORGED, CLIENT),
        (f"::ffff:{PROXY}", f"::ffff:{CLIENT}", CLIENT),
        (PROXY, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", CLIENT, "::"),
    ],
)
def test_header_is_read_from_its_end_through_trusted_proxies(settings, remote, forwarded, address):
    settings.ARGUS_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]

    assert seen(remote, forwarded) == address


def test_ipv6_addresses_of_one_network_are_one_client():
    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff::1") != seen("2001:db8:1:3::1")


def test_untrusted_proxy_is_logged_once(settings, caplog):
    settings.ARGUS_TRUSTED_PROXIES = []
    warn_of_untrusted_proxy.cache_clear()

    for _ in range(3):
        seen(PROXY, CLIENT)

    assert caplog.text.count("ARGUS_TRUSTED_PROXIES") == 1
