"""A database that is away, locked, full, too slow, or read-only for the moment: 503, and when to come back."""

import logging

from django.db import InterfaceError, InternalError, OperationalError
from django.http import JsonResponse

log = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds
# What PostgreSQL calls a write to a standby: somebody is being made the new primary.
READ_ONLY = "25006"


def is_outage(error: BaseException | None) -> bool:
    """Tell whether the database, not the request, is to blame."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "pgcode", None) == READ_ONLY
    return isinstance(error, OperationalError | InterfaceError)


def outage_answer(request, error: BaseException) -> JsonResponse:
    """Say that it is not the caller's fault."""
    log.error("%s %s: the database failed: %s", request.method, request.path, str(error).strip())
    body = {"detail": "The database cannot answer right now. Nothing was changed; try again."}
    return JsonResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})
