"""From which address a request comes, seen through the proxies that the installation trusts."""

import logging
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings

log = logging.getLogger(__name__)

UNKNOWN = "::"


def client_address(request) -> str:
    """Return the address of whoever sent the request: of IPv6 the network, since one customer has 2^64 addresses.

    ``X-Forwarded-For`` is read from its end, as far as those who added to it are in ARGUS_TRUSTED_PROXIES. Whatever
    stands before that could be made up.
    """
    address = parsed(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if hops != [""] and not settings.ARGUS_TRUSTED_PROXIES:
        warn_of_proxy()
    while hops and is_trusted(address):
        # What cannot be read leaves us with the last that could.
        address = parsed(hops.pop()) or address
    return spelled(address)


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address) -> bool:
    return any(address in network for network in settings.ARGUS_TRUSTED_PROXIES) if address else False


def spelled(address) -> str:
    if address is None:
        return UNKNOWN
    if address.version == 4:
        return str(address)
    return str(IPv6Network((int(address), 64), strict=False).network_address)


@cache
def warn_of_proxy() -> None:
    """Say once in the life of a process that all clients seem to have one address."""
    log.warning("Requests come through a proxy, and ARGUS_TRUSTED_PROXIES is not set: all clients count as one.")
