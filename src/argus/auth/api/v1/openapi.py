"""The OpenAPI description of tokens, users and phone numbers."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample

from argus.api.openapi import Decorator, describe_view

from .serializers import LoginMethodSerializer, TokenSerializer


class TokenScheme(OpenApiAuthenticationExtension):
    """The description of token authentication."""

    target_class = "argus.auth.authentication.ExpiringTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word `Token`, a space, and 40 hexadecimal digits.",
        }


HEADING = "Accounts"
CREDENTIALS = OpenApiExample("Log in", value={"username": "kari", "password": "correct horse"}, request_only=True)
TOKEN = OpenApiExample("A token", value={"token": "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"}, response_only=True)
NUMBER = OpenApiExample("A Norwegian number", value={"phone_number": "+4767676767"}, request_only=True)


def _token(operation_id: str) -> Decorator:
    return describe_view(
        HEADING,
        post={"operation_id": operation_id, "auth": [], "responses": TokenSerializer, "examples": [CREDENTIALS, TOKEN]},
    )


token = _token("create_token")
oidc_token = _token("create_token_oidc")
login_methods = describe_view(
    HEADING, get={"operation_id": "list_login_methods", "auth": [], "responses": LoginMethodSerializer(many=True)}
)
logout = describe_view(HEADING, post={"operation_id": "log_out", "request": None, "responses": {200: None}})
current_user = describe_view(HEADING, get={"operation_id": "get_current_user"})
user = describe_view(HEADING, get={"operation_id": "get_user"})
phone_number_list = describe_view(
    HEADING,
    get={"operation_id": "list_phone_numbers"},
    post={"operation_id": "create_phone_number", "summary": "Add a phone number.", "examples": [NUMBER]},
)
phone_number = describe_view(
    HEADING,
    get={"operation_id": "get_phone_number"},
    put={"operation_id": "replace_phone_number", "summary": "Replace a phone number.", "examples": [NUMBER]},
    patch={"operation_id": "change_phone_number", "summary": "Change a phone number.", "examples": [NUMBER]},
    delete={"operation_id": "delete_phone_number", "summary": "Delete a phone number."},
)
