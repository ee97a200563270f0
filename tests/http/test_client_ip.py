"""From which address a request comes: X-Forwarded-For counts as far as those who wrote it are trusted."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from argus.http.client_ip import client_address, warn_of_untrusted_proxy

PROXY, OTHER_PROXY, CLIENT, FORGED = "10.0.0.1", "10.0.0.2", "192.0.2.1", "203.0.113.9"


def seen(remote: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))


@pytest.mark.parametrize("forwarded", [FORGED, f"{FORGED}, {CLIENT}", "", "nonsense", None])
def test_without_trusted_proxies_the_header_means_nothing(settings, forwarded):
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
def test_the_header_is_read_from_its_end_as_far_as_proxies_are_trusted(settings, remote, forwarded, address):
    settings.ARGUS_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]

    assert seen(remote, forwarded) == address


def test_all_of_a_customers_ipv6_addresses_count_as_one():
    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff::1") != seen("2001:db8:1:3::1")


def test_a_proxy_that_is_not_known_is_told_of_once(settings, caplog):
    settings.ARGUS_TRUSTED_PROXIES = []
    warn_of_untrusted_proxy.cache_clear()

    for _ in range(3):
        seen(PROXY, CLIENT)

    assert caplog.text.count("ARGUS_TRUSTED_PROXIES") == 1
