"""Turn errors into responses: errors of services become 400, 403 or 409, unknown URLs 404, all as JSON."""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import (
    DisallowedHost,
    ObjectDoesNotExist,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import get_script_prefix, is_valid_path, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from argus.http.database_outage import is_outage, outage_response
from argus.util.errors import ConflictError, DomainError, NotPermittedError

NON_FIELD_ERRORS = "non_field_errors"
MAX_ERRORS = 100
# PostgreSQL's error code of a violated foreign key.
FOREIGN_KEY = "23503"
# Messages for invalid requests. Django's own messages name settings.
REASONS: dict[type[Exception], str] = {
    DisallowedHost: "This server does not answer to the name in the Host header.",
    TooManyFieldsSent: "Too many parameters.",
    UnreadablePostError: "The body ended too early.",
}


def exception_handler(error: Exception, context: Any) -> Response | None:
    """Return the response to an error of a service or to an invalid request. REST framework handles other errors."""
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        set_rollback()
        return Response(reason_for(error), status=status_for(error))
    if isinstance(error, ObjectDoesNotExist):
        # Another request has deleted it after this one began.
        error = NotFound()
    if is_foreign_key_error(error):
        error = ConflictError("An object that this refers to has just been deleted.")
    if not isinstance(error, DomainError):
        response = drf_exception_handler(error, context)
        if isinstance(error, ValidationError) and response is not None:
            response.data = limit_errors(response.data)
        return response
    set_rollback()
    if isinstance(error, NotPermittedError):
        return Response({"detail": error.message}, status=status.HTTP_403_FORBIDDEN)
    if isinstance(error, ConflictError):
        return Response({"detail": error.message}, status=status.HTTP_409_CONFLICT)
    return Response(limit_errors(error_body(error)), status=status.HTTP_400_BAD_REQUEST)


def limit_errors(errors: Any) -> Any:
    """Return the first ``MAX_ERRORS`` messages of a body and, under ``non_field_errors``, how many there are.

    Lists of errors by position end with the last listed one.
    """
    number = count_errors(errors)
    if number <= MAX_ERRORS:
        return errors
    note = f"Only the first {MAX_ERRORS} of {number} errors are listed."
    listed = first_errors(errors, iter(range(MAX_ERRORS)))
    if isinstance(listed, list):
        return [*listed, note]
    return {**listed, NON_FIELD_ERRORS: [*listed.get(NON_FIELD_ERRORS, []), note]}


def count_errors(errors: Any) -> int:
    """Return the number of messages in errors by field and position."""
    if isinstance(errors, dict):
        errors = errors.values()
    elif not isinstance(errors, list):
        return 1
    return sum(map(count_errors, errors))


def first_errors(errors: Any, places: Iterator[int]) -> Any:
    """Return errors with as many messages as there are ``places``."""
    if isinstance(errors, dict):
        fields = {key: first_errors(value, places) for key, value in errors.items()}
        return {key: value for key, value in fields.items() if value}
    if not isinstance(errors, list):
        return errors if next(places, None) is not None else None
    elements = [first_errors(value, places) for value in errors]
    while elements and not elements[-1]:
        elements.pop()
    return elements


def is_foreign_key_error(error: Exception) -> bool:
    """Return whether a referenced row is missing: another request has deleted it after this one began."""
    if not isinstance(error, IntegrityError):
        return False
    return getattr(error.__cause__, "pgcode", "") == FOREIGN_KEY or "FOREIGN KEY" in str(error)


def error_body(error: DomainError) -> dict[str, Any]:
    """Return the body: a list of messages for one field, or one message for each field (contract, "Everywhere")."""
    if error.messages is not None:
        return dict(error.messages)
    return {error.field or NON_FIELD_ERRORS: [error.message]}


def reason_for(error: Exception) -> dict[str, str]:
    """Return the body for a request that cannot be parsed."""
    return {"detail": REASONS.get(type(error), "This request is malformed.")}


def status_for(error: Exception) -> int:
    """Return 413 for a body that is too long, otherwise 400."""
    too_big = isinstance(error, RequestDataTooBig)
    return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE if too_big else status.HTTP_400_BAD_REQUEST


@csrf_exempt
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Return 404 as JSON, for unknown URLs below ``/api/``. Name the URL if only the final slash is missing.

    A GET without the slash is redirected (``SlashMiddleware``). A redirect would lose the body of other requests.
    """
    path = f"{request.path_info}/"
    if not request.path_info.endswith("/") and is_valid_path(path) and resolve(path).func is not not_found:
        detail = f"Not found. The final slash is missing: use {get_script_prefix().removesuffix('/')}{path}"
        return JsonResponse({"detail": detail}, status=404)
    return JsonResponse({"detail": "Not found."}, status=404)


def bad_request_handler(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``: JSON for the API, a page for browsers."""
    if is_api_request(request):
        return JsonResponse(reason_for(exception), status=status_for(exception))
    return defaults.bad_request(request, exception)


def not_found_handler(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler404``: JSON for the API, a page for browsers."""
    return not_found(request) if is_api_request(request) else defaults.page_not_found(request, exception)


def server_error_handler(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``: JSON for the API, a page for browsers; 503 if the database is unavailable."""
    error = sys.exception()
    if error is not None and is_outage(error):
        return outage_response(request, error)
    if is_api_request(request):
        return JsonResponse({"detail": "Internal server error."}, status=500)
    return defaults.server_error(request)


def is_api_request(request: HttpRequest) -> bool:
    """Return whether the client expects JSON."""
    return request.path_info.startswith(("/api/", "/oidc/api-token-auth"))
