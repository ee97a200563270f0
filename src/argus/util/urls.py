"""Validate http and https URLs."""

import re
from urllib.parse import SplitResult, urlsplit

from .errors import DomainError

INVALID_CHARACTERS = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
MAX_URL_LENGTH = 2048
# An authority: user, host and port. A host name has at most 253 characters.
LONG_AUTHORITY = re.compile(r"//[^/?#]{400}")
IGNORED_CHARACTERS = re.compile(r"[\t\r\n]")


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
