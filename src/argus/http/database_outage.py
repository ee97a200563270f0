"""503 with ``Retry-After`` while the database is unavailable, locked, full, too slow or read-only."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponseBase, JsonResponse

log = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds
# PostgreSQL's error code for a write to a standby, as during a failover.
READ_ONLY_SQL_TRANSACTION = "25006"


def is_outage(error: BaseException | None) -> bool:
    """Return whether the error comes from the state of the database, not from the request."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "pgcode", None) == READ_ONLY_SQL_TRANSACTION
    return isinstance(error, OperationalError | InterfaceError)


def outage_response(request: HttpRequest, error: BaseException) -> JsonResponse:
    """Log the error and return the 503."""
    log.error("%s %s: the database is unavailable: %s", request.method, request.path, str(error).strip())
    body = {"detail": "The database is unavailable. Nothing was changed; try again later."}
    return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})


class OutageMiddleware:
    """Answer 503 when a view fails because of the database. ``handler500`` does so for errors of middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return outage_response(request, exception) if is_outage(exception) else None
