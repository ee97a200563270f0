"""A login that failed, in words: a page for the person, a line in the log for the operator. No secret is in either."""

import logging
from functools import wraps

from django.conf import settings
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

STATUS = {
    AuthCanceled: 403,
    AuthPolicyError: 403,
    AuthCredentialError: 403,
    AuthSessionError: 400,
    AuthInputError: 400,
    AuthAssociationError: 409,
    AuthResponseError: 502,
    AuthProviderError: 503,
}
WORDS = {
    AuthCanceled: "You, or the login service, called the login off.",
    AuthPolicyError: "You are known to the login service, but this account may not be used here.",
    AuthSessionError: "This login was not begun in this browser, or too long ago. Please begin it again.",
    AuthInputError: "This login was not begun in this browser, or too long ago. Please begin it again.",
    AuthAssociationError: "This identity cannot be linked to an account. Please tell whoever runs Argus.",
    AuthResponseError: "The login service gave an answer that cannot be trusted, so you were not logged in.",
    AuthProviderError: "The login service cannot be reached right now. Please try again in a while.",
}


def explained(view):
    """Let a view answer with a page whenever a login fails."""

    @wraps(view)
    def answer(request, backend, *args, **kwargs):
        try:
            return view(request, backend, *args, **kwargs)
        except SocialAuthBaseException as error:
            return failure_page(request, error)

    return answer


def failure_page(request, error: SocialAuthBaseException):
    kind = next((kind for kind in STATUS if isinstance(error, kind)), None)
    name, status = request.backend.name, STATUS.get(kind, 503)
    level = logging.ERROR if status >= 500 else logging.INFO
    # Codes and names of claims only: details may hold what was sent, or by whom.
    log.log(level, "Login by %s failed: %s (%s; %s).", name, error.code, error.stage, error.claim or "no claim")
    context = {
        "words": WORDS.get(
            kind, "Login by this service is not set up as it should be. Please tell whoever runs Argus."
        ),
        "code": error.code,
        "backend": name,
        "frontend_url": settings.ARGUS_FRONTEND_URL,
    }
    return render(request, "login_failed.html", context, status=status)
