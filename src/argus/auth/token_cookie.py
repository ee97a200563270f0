"""The cookie ``token``: how a browser that logged in at a provider gets its token to the frontend."""

from django.conf import settings
from django.utils import timezone
from rest_framework.authtoken.models import Token

from .token_lifetime import expiry_of

NAME = "token"


def set_token_cookie(response, token: Token) -> None:
    """Give the browser the token, for as long as it is good.

    The frontend's own code has to read it, from any host below ARGUS_COOKIE_DOMAIN; other sites get it sent by nobody.
    """
    left = expiry_of(token) - timezone.now()
    response.set_cookie(
        NAME,
        token.key,
        max_age=max(0, int(left.total_seconds())),
        domain=settings.ARGUS_COOKIE_DOMAIN or None,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=False,
        samesite="Lax",
    )


def forget_token_cookie(request, response) -> None:
    """Take the cookie from a browser that has it."""
    if NAME in request.COOKIES:
        response.delete_cookie(NAME, domain=settings.ARGUS_COOKIE_DOMAIN or None, samesite="Lax")
