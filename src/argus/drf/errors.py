"""What callers get told: refusals of the domain become 400 or 403, unknown addresses 404, all as JSON."""

from django.http import JsonResponse
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from argus.util.errors import DomainError, NotPermitted


def exception_handler(error, context):
    """Translate ``DomainError`` to a response; leave all else to REST framework."""
    if not isinstance(error, DomainError):
        return drf_exception_handler(error, context)
    set_rollback()
    if isinstance(error, NotPermitted):
        return Response({"detail": error.message}, status=status.HTTP_403_FORBIDDEN)
    return Response(body_of(error), status=status.HTTP_400_BAD_REQUEST)


def body_of(error: DomainError) -> dict:
    """One field's messages are a list; a refusal of several fields is one sentence for each (contract, "Everywhere")."""
    if error.messages is not None:
        return error.messages
    return {error.field or "non_field_errors": [error.message]}


def not_found(request, *args, **kwargs):
    """Answer an address below ``/api/`` that nobody serves, in the API's own format."""
    return JsonResponse({"detail": "Not found."}, status=404)
