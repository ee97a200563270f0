"""The access log: an id, a log line and metrics for each request."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from argus.util.logs import new_request_id, request_context

from .client_ip import client_ip
from .metrics import count_request

log = logging.getLogger("argus.access")

HEADER = "X-Request-ID"
MAX_PATH_LENGTH = 500


class AccessMiddleware:
    """Give the request an id, the client's or proxy's own if it is well-formed, and log the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        request.id = new_request_id(request.headers.get(HEADER, ""))  # type: ignore[attr-defined]
        with request_context(request.id):  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers[HEADER] = request.id  # type: ignore[attr-defined]
            seconds = perf_counter() - started
            count_request(request, response.status_code, seconds)
            if not is_static_file(request, response):
                log_request(request, response, seconds)
        return response


def is_static_file(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether the response is a static file: a page has a dozen of them. Failures are logged."""
    return request.path.startswith(settings.STATIC_URL) and response.status_code < 400


def log_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Write the log line. The query is left out, because it may hold personal data."""
    path = request.path[:MAX_PATH_LENGTH].encode("unicode_escape").decode()
    user = known_user(request)
    extra = {
        "method": request.method,
        "path": path,
        "status": response.status_code,
        "duration_ms": round(seconds * 1000, 1),
        "user": user.get_username() if user else "",
        "client": str(client_ip(request) or ""),
    }
    values = extra["method"], path, extra["status"], extra["duration_ms"], extra["user"] or "-"
    log.info("%s %s %s %s ms %s", *values, extra=extra)


def known_user(request: HttpRequest) -> Any:
    """Return the user that the request was authenticated as, or None if no view has asked for it. Costs no query."""
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        # The lazy user of Django's middleware. REST framework replaces it with the user of the token.
        user = vars(request).get("_cached_user")
    return user
