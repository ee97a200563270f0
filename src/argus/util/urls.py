"""Addresses in the web that people and programs hand us."""

import re
from urllib.parse import urlsplit

from .errors import DomainError

UNUSABLE = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
LONGEST = 2048


def is_web_address(text: str) -> bool:
    """Tell whether the text is an absolute http or https URL. Host names of one label (an intranet's) are fine."""
    if len(text) > LONGEST or UNUSABLE.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_web_address(text: str, *, field: str) -> None:
    """Refuse what is neither empty nor an absolute http(s) URL."""
    if text and not is_web_address(text):
        raise DomainError("This is not an absolute http or https URL.", field=field)
