"""Errors of logins at a provider: what can go wrong while talking to it, and the page that explains it.

Neither the page nor the log line holds a secret, or anything that the provider has sent.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import BoundedSemaphore
from typing import Any

import requests
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from social_core.exceptions import (
    AuthAssociationError,
    AuthCanceled,
    AuthCredentialError,
    AuthInputError,
    AuthPolicyError,
    AuthProviderError,
    AuthResponseError,
    AuthSessionError,
    SocialAuthBaseException,
)

log = logging.getLogger(__name__)

# A provider that hangs may occupy this many threads of a process; the others serve other requests.
SLOTS = BoundedSemaphore(2)
SLOT_TIMEOUT = 2.0  # seconds
# Errors that a malformed response can cause.
PARSING_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)

STATUS_CODES: dict[type[SocialAuthBaseException], int] = {
    AuthCanceled: 403,
    AuthPolicyError: 403,
    AuthCredentialError: 403,
    AuthSessionError: 400,
    AuthInputError: 400,
    AuthAssociationError: 409,
    AuthResponseError: 502,
    AuthProviderError: 503,
}
EXPIRED = "This login was not started in this browser, or too long ago. Please start it again."
MESSAGES: dict[type[SocialAuthBaseException], str] = {
    AuthCanceled: "You or the login service cancelled the login.",
    AuthPolicyError: "The login service knows you, but this account may not be used here.",
    AuthSessionError: EXPIRED,
    AuthInputError: EXPIRED,
    AuthAssociationError: "This identity cannot be linked to an account. Please contact the administrators of Argus.",
    AuthResponseError: "The response of the login service is invalid, so you were not logged in.",
    AuthProviderError: "The login service is unavailable. Please try again later.",
}
MISCONFIGURED = "This login service is not configured correctly. Please contact the administrators of Argus."


@contextmanager
def provider_request(backend: Any) -> Iterator[None]:
    """Limit the number of parallel requests to providers, and raise all errors as ``SocialAuthBaseException``."""
    if not SLOTS.acquire(timeout=SLOT_TIMEOUT):
        raise AuthProviderError(backend, code="unavailable")
    try:
        yield
    except SocialAuthBaseException:
        raise
    except requests.RequestException as error:
        raise AuthProviderError(backend, code="connection_failed") from error
    except PARSING_ERRORS as error:
        # The text of the error may hold what the provider has sent.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("%s: %s at %s:%s.", backend.name, type(error).__name__, place.filename, place.lineno)
        raise AuthResponseError(backend, code="malformed_response") from error
    finally:
        SLOTS.release()


def show_errors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view to show a page if a login fails."""

    @wraps(view)
    def decorated(request: HttpRequest, backend: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, backend, *args, **kwargs)
        except SocialAuthBaseException as error:
            return error_page(request, error)

    return decorated


def error_page(request: Any, error: SocialAuthBaseException) -> HttpResponse:
    """Log the error and return its page."""
    kind = next((kind for kind in STATUS_CODES if isinstance(error, kind)), SocialAuthBaseException)
    name, status = request.backend.name, STATUS_CODES.get(kind, 503)
    level = logging.ERROR if status >= 500 else logging.INFO
    # Codes and names of claims only: details may hold what the provider has sent.
    log.log(level, "Login by %s failed: %s (%s; %s).", name, error.code, error.stage, error.claim or "no claim")
    context = {
        "message": MESSAGES.get(kind, MISCONFIGURED),
        "code": error.code,
        "backend": name,
        "frontend_url": settings.ARGUS_FRONTEND_URL,
    }
    return render(request, "login_failed.html", context, status=status)
