"""The address of the client, seen through trusted proxies."""

import logging
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

log = logging.getLogger(__name__)

UNKNOWN = "::"


def client_address(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or its IPv6 network of 64 bits: one customer has 2^64 addresses.

    For limits; the log has the whole address.
    """
    return format_address(client_ip(request))


def client_ip(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the address of the client, or None if it cannot be read.

    ``X-Forwarded-For`` is read from its end while the address that added an entry is in ARGUS_TRUSTED_PROXIES. Entries
    before that may be forged.
    """
    address = parse_address(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if hops != [""] and not settings.ARGUS_TRUSTED_PROXIES:
        warn_of_untrusted_proxy()
    while hops and is_trusted(address):
        # An entry that cannot be read is skipped.
        address = parse_address(hops.pop()) or address
    return address


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address, as IPv4 if it is mapped to IPv6; None if it cannot be read."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: IPv4Address | IPv6Address | None) -> bool:
    """Return whether the address is that of a trusted proxy."""
    return address is not None and any(address in network for network in settings.ARGUS_TRUSTED_PROXIES)


def format_address(address: IPv4Address | IPv6Address | None) -> str:
    """Return the address as text; of IPv6 only the network."""
    if address is None:
        return UNKNOWN
    if address.version == 4:
        return str(address)
    return str(IPv6Network((int(address), 64), strict=False).network_address)


@cache
def warn_of_untrusted_proxy() -> None:
    """Log, once in a process, that all clients seem to have the proxy's address."""
    log.warning("Requests come through a proxy, but ARGUS_TRUSTED_PROXIES is not set: all clients count as one.")
