"""Who is asking: the ``Authorization: Token`` header."""

import re

from django.conf import settings
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed

from .token_lifetime import has_expired

KEY = re.compile("[0-9a-f]{40}")


class ExpiringTokenAuthentication(TokenAuthentication):
    """Tokens die of age: one that is too old is deleted when somebody tries it, and answered with 401."""

    def authenticate_credentials(self, key):
        if not KEY.fullmatch(key):
            raise AuthenticationFailed("Invalid token.")
        try:
            token = Token.objects.select_related(*settings.AUTH_TOKEN_SELECT_RELATED).get(key=key)
        except Token.DoesNotExist:
            raise AuthenticationFailed("Invalid token.") from None
        if words := refusal_of(token):
            if has_expired(token):
                token.delete()
            raise AuthenticationFailed(words)
        return token.user, token


def refusal_of(token: Token) -> str:
    """Say why the token does not let its user in; nothing if it does."""
    if not token.user.is_active:
        return "This account has been switched off."
    return "This token has expired." if has_expired(token) else ""
