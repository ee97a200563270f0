"""Details URLs that sources hand us: what is taken in, and how a relative one is shown."""

import re
from urllib.parse import urljoin, urlsplit

from argus.util.errors import DomainError

# These make a browser run what somebody else has written.
SCRIPTS = {"javascript", "vbscript", "data"}
# What most of them look like; the two need only be put side by side, which a list does for each of its rows.
SITE = re.compile(r"(https?://[A-Za-z0-9.:-]+)/?", re.ASCII)
PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?", re.ASCII)


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
    if PLAIN_PATH.fullmatch(url) and (site := SITE.fullmatch(base_url)):
        return site[1] + url
    try:
        return urljoin(base_url, url)
    except ValueError:
        return url
