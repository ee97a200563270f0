"""Details URLs of sources: check them, and join relative ones to the base URL."""

import re
from urllib.parse import urljoin

from argus.util.errors import DomainError
from argus.util.urls import split_url

# Browsers and operating systems execute URLs with other schemes, or pass them to other programs. "": a relative URL.
SCHEMES = {"", "http", "https"}
# The usual forms. They can be joined without parsing, which lists do for each row.
SITE = re.compile(r"(https?://[A-Za-z0-9.:-]+)/?", re.ASCII)
PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?", re.ASCII)


def check_details_url(text: str, *, base_url: str) -> None:
    """Refuse a details URL that cannot be joined to the source's base URL, or is not relative, http or https."""
    if not text or PLAIN_PATH.fullmatch(text):
        return
    try:
        scheme = split_url(text).scheme
        urljoin(base_url, text)
    except ValueError:
        raise DomainError("This is not a valid URL.", field="details_url") from None
    if scheme not in SCHEMES:
        message = f"This must be a relative URL, or one with http: or https:, not {scheme[:100]}:."
        raise DomainError(message, field="details_url")


def join_url(base_url: str, url: str) -> str:
    """Resolve ``url`` against the source's base URL as a browser would; return it unchanged if that is impossible.

    An empty URL stays empty: a browser would show the base URL.
    """
    if not (base_url and url):
        return url
    if PLAIN_PATH.fullmatch(url) and (site := SITE.fullmatch(base_url)):
        return site[1] + url
    try:
        split_url(url)
        return urljoin(base_url, url)
    except ValueError:
        return url
