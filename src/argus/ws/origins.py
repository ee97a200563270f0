"""From which pages browsers may open the websocket: cookies travel with it, whoever has made the page."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


def is_welcome(origin: str | None, host: str) -> bool:
    """Tell whether a page of this ``Origin`` may connect to us, called by this ``Host``.

    Programs send no Origin, browsers always do. Pages are welcome from the frontend, from our own host and, where the
    settings say so (``ARGUS_LOCAL_ORIGINS``), from any port of this machine.
    """
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return False
    if settings.ARGUS_LOCAL_ORIGINS and parts.hostname in LOCAL_NAMES:
        return True
    return parts.netloc.lower() == host.lower() and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
