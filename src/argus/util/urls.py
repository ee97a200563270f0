"""Validate http and https URLs, and join details URLs to the base URL of their source."""

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from .errors import DomainError

INVALID_CHARACTERS = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
MAX_URL_LENGTH = 2048
# An authority: user, host and port. A host name has at most 253 characters.
LONG_AUTHORITY = re.compile(r"//[^/?#]{400}")
IGNORED_CHARACTERS = re.compile(r"[\t\r\n]")
# Browsers and operating systems execute URLs with other schemes, or pass them to other programs. "": a relative URL.
SCHEMES = {"", "http", "https"}
# The usual forms. They can be joined without parsing, which lists do for each row.
SITE = re.compile(r"(https?://[A-Za-z0-9.:-]+)/?", re.ASCII)
PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?", re.ASCII)


def split_url(text: str) -> SplitResult:
    """Split a URL. Raises ``ValueError`` for an invalid one, and for one with an authority of 400 characters.

    ``urlsplit`` normalizes the authority in quadratic time: 6 s for 80 000 combining characters.
    """
    if LONG_AUTHORITY.search(IGNORED_CHARACTERS.sub("", text)):
        raise ValueError("The authority is too long.")
    return urlsplit(text)


def is_http_url(text: str) -> bool:
    """Return whether the text is an absolute http or https URL. Host names of one label (intranet) are valid."""
    if len(text) > MAX_URL_LENGTH or INVALID_CHARACTERS.search(text):
        return False
    try:
        parts = split_url(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_http_url(text: str, *, field: str) -> None:
    """Raise ``DomainError`` unless the text is empty or an absolute http(s) URL."""
    if text and not is_http_url(text):
        raise DomainError("This is not an absolute http or https URL.", field=field)


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
