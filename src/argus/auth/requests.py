"""The user of a request."""

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from .models import User


def get_actor(request: HttpRequest | Request) -> User:
    """Return the authenticated user of a request. Raises ``NotAuthenticated`` for anonymous requests."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
