"""URLs that sources and people hand us: what is taken in, and how a relative one is shown."""

import re
from urllib.parse import urljoin, urlsplit

from argus.util.errors import DomainError

UNUSABLE = re.compile(r"[\s\x00-\x1f\x7f\\<>\"]")
# These make a browser run what somebody else has written.
SCRIPTS = {"javascript", "vbscript", "data"}
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


def check_details_url(text: str, *, base_url: str) -> None:
    """Refuse a details URL that cannot be joined to the source's base URL, or that would run as a script."""
    try:
        scheme = urlsplit(urljoin(base_url, text)).scheme
        urlsplit(text)
    except ValueError:
        raise DomainError("This is not a URL that can be shown.", field="details_url") from None
    if scheme in SCRIPTS:
        raise DomainError(f"URLs of the kind {scheme}: are not taken.", field="details_url")


def joined_url(base_url: str, url: str) -> str:
    """Resolve ``url`` against the source's base URL as a browser would; an unjoinable one is returned as it is."""
    if not base_url:
        return url
    try:
        return urljoin(base_url, url)
    except ValueError:
        return url
