"""Authenticate REST requests by the ``Authorization: Token`` header."""

import re

from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from .authtoken.models import Token
from .models import User
from .tokens import find_token, has_expired, token_error

KEY = re.compile("[0-9a-f]{40}")


class ExpiringTokenAuthentication(TokenAuthentication):
    """Accept tokens until they expire. An expired one is deleted when it is used, and answered with 401."""

    def authenticate_credentials(self, key: str) -> tuple[User, Token]:
        if not KEY.fullmatch(key):
            raise AuthenticationFailed("Invalid token.")
        try:
            token = find_token(key)
        except Token.DoesNotExist:
            raise AuthenticationFailed("Invalid token.") from None
        if error := token_error(token):
            if has_expired(token):
                token.delete()
            raise AuthenticationFailed(error)
        return token.user, token
