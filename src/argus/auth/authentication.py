"""Authenticate REST requests by the header ``Authorization: Token``, or ``Bearer``."""

import re

from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from argus.util.authorization import parse_token

from .authtoken.models import Token
from .models import User
from .tokens import find_token, has_expired, token_error

KEY = re.compile("[0-9a-f]{40}")


class ExpiringTokenAuthentication(TokenAuthentication):
    """Accept tokens until they expire. An expired one is deleted when it is used, and answered with 401."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        key = parse_token(request.headers.get("Authorization", ""))
        return None if key is None else self.authenticate_credentials(key)

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
