"""Details URLs of sources: check them, and join relative ones to the base URL."""

import re
from urllib.parse import urljoin, urlsplit

from argus.util.errors import DomainError

# Browsers execute the content of URLs with these schemes.
SCRIPT_SCHEMES = {"javascript", "vbscript", "data"}
# The usual forms. They can be joined without parsing, which lists do for each row.
SITE = re.compile(r"(https?://[A-Za-z0-9.:-]+)/?", re.ASCII)
PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?", re.ASCII)


def check_details_url(text: str, *, base_url: str) -> None:
    """Refuse a details URL that cannot be joined to the source's base URL, or that a browser would execute."""
    try:
        scheme = urlsplit(urljoin(base_url, text)).scheme
        urlsplit(text)
    except ValueError:
        raise DomainError("This is not a valid URL.", field="details_url") from None
    if scheme in SCRIPT_SCHEMES:
        raise DomainError(f"URLs with the scheme {scheme}: are not accepted.", field="details_url")


def join_url(base_url: str, url: str) -> str:
    """Resolve ``url`` against the source's base URL as a browser would; return it unchanged if that is impossible.

    An empty URL stays empty: a browser would show the base URL.
    """
    if not (base_url and url):
        return url
    if PLAIN_PATH.fullmatch(url) and (site := SITE.fullmatch(base_url)):
        return site[1] + url
    try:
        return urljoin(base_url, url)
    except ValueError:
        return url
