"""What callers get told: refusals of the domain become 400, 403 or 409, unknown addresses 404, all as JSON."""

import sys

from django.core.exceptions import (
    DisallowedHost,
    ObjectDoesNotExist,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import IntegrityError
from django.http import JsonResponse, UnreadablePostError
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from argus.http.database_outage import is_outage, outage_response
from argus.util.errors import ConflictError, DomainError, NotPermittedError

# What PostgreSQL calls a reference to nothing.
FOREIGN_KEY = "23503"
# What Django finds wrong with a request itself, in words that do not speak of our settings.
REASONS = {
    DisallowedHost: "This server does not answer to the name in the Host header.",
    TooManyFieldsSent: "Too many parameters.",
    UnreadablePostError: "The body ended too early.",
}


def exception_handler(error, context):
    """Translate ``DomainError``, and what Django finds wrong with a request; leave all else to REST framework."""
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        set_rollback()
        return Response(reason_for(error), status=status_for(error))
    if isinstance(error, ObjectDoesNotExist):
        # It was there when the request began, and somebody has deleted it since.
        error = NotFound()
    if is_about_what_has_gone(error):
        error = ConflictError("Something that this refers to has just been deleted.")
    if not isinstance(error, DomainError):
        return drf_exception_handler(error, context)
    set_rollback()
    if isinstance(error, NotPermittedError):
        return Response({"detail": error.message}, status=status.HTTP_403_FORBIDDEN)
    if isinstance(error, ConflictError):
        return Response({"detail": error.message}, status=status.HTTP_409_CONFLICT)
    return Response(error_body(error), status=status.HTTP_400_BAD_REQUEST)


def is_about_what_has_gone(error: Exception) -> bool:
    """Tell whether the database has refused a reference: what it names was there when the request began."""
    if not isinstance(error, IntegrityError):
        return False
    return getattr(error.__cause__, "pgcode", "") == FOREIGN_KEY or "FOREIGN KEY" in str(error)


def error_body(error: DomainError) -> dict:
    """One field's messages are a list; a refusal of several fields is one sentence each (contract, "Everywhere")."""
    if error.messages is not None:
        return error.messages
    return {error.field or "non_field_errors": [error.message]}


def reason_for(error: Exception) -> dict:
    """Say what is wrong with a request that does not even reach the rules."""
    return {"detail": REASONS.get(type(error), "This request cannot be read.")}


def status_for(error: Exception) -> int:
    too_big = isinstance(error, RequestDataTooBig)
    return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE if too_big else status.HTTP_400_BAD_REQUEST


@csrf_exempt
def not_found(request, *args, **kwargs):
    """Answer an address below ``/api/`` that nobody serves, in the API's own format."""
    return JsonResponse({"detail": "Not found."}, status=404)


def bad_request_handler(request, exception):
    """Django's ``handler400``: JSON for the API, a page for people."""
    if is_api_request(request):
        return JsonResponse(reason_for(exception), status=status_for(exception))
    return defaults.bad_request(request, exception)


def not_found_handler(request, exception):
    """Django's ``handler404``: JSON for the API, a page for people."""
    return not_found(request) if is_api_request(request) else defaults.page_not_found(request, exception)


def server_error_handler(request):
    """Django's ``handler500``: JSON for the API, a page for people; 503 if a middleware has met an outage."""
    error = sys.exception()
    if is_outage(error):
        return outage_response(request, error)
    if is_api_request(request):
        return JsonResponse({"detail": "Something went wrong in this server."}, status=500)
    return defaults.server_error(request)


def is_api_request(request) -> bool:
    return request.path_info.startswith(("/api/", "/oidc/api-token-auth"))
