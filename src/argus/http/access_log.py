"""Every request has a name, a line in the log (who asked for what, and what came of it), and a place in the figures."""

import logging
from time import perf_counter

from django.utils.functional import SimpleLazyObject

from argus.util.logs import new_request_id, request_context

from .metrics import count_request

log = logging.getLogger("argus.access")

HEADER = "X-Request-ID"
LONGEST_PATH = 500


class AccessMiddleware:
    """Name the request, by what the caller or a proxy calls it if that is sane, and tell of it when it is answered."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        begun = perf_counter()
        request.id = new_request_id(request.headers.get(HEADER, ""))
        with request_context(request.id):
            response = self.get_response(request)
            response.headers[HEADER] = request.id
            seconds = perf_counter() - begun
            count_request(request, response.status_code, seconds)
            tell_of(request, response, seconds)
        return response


def tell_of(request, response, seconds: float) -> None:
    """Write the line of a request that was worked on."""
    user, client = caller_of(request), request.META.get("REMOTE_ADDR", "")
    tell(request.method, request.path, response.status_code, seconds=seconds, user=user, client=client)


def tell(method: str, path: str, status: int, *, client: str, seconds: float = 0.0, user: str = "", **extra) -> None:
    """Write the line. The query is left out: it may hold what is nobody else's business."""
    path, milliseconds = path[:LONGEST_PATH].encode("unicode_escape").decode(), round(seconds * 1000, 1)
    extra |= {"method": method, "path": path, "status": status, "duration_ms": milliseconds}
    extra |= {"user": user, "client": client}
    log.info("%s %s %s %s ms %s", method, path, status, milliseconds, user or "-", extra=extra)


def caller_of(request) -> str:
    """Return the name of the account, if it is known already: a line in the log is worth no query."""
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        # Django's own, which finds out when it is asked; REST framework puts the user in its place.
        user = vars(request).get("_cached_user")
    return user.get_username() if user is not None else ""
