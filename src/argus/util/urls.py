"""Validate http and https URLs."""

import re
from urllib.parse import urlsplit

from .errors import DomainError

INVALID_CHARACTERS = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
MAX_URL_LENGTH = 2048


def is_http_url(text: str) -> bool:
    """Return whether the text is an absolute http or https URL. Host names of one label (intranet) are valid."""
    if len(text) > MAX_URL_LENGTH or INVALID_CHARACTERS.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_http_url(text: str, *, field: str) -> None:
    """Raise ``DomainError`` unless the text is empty or an absolute http(s) URL."""
    if text and not is_http_url(text):
        raise DomainError("This is not an absolute http or https URL.", field=field)
