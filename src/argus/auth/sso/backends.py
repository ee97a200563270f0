"""Login providers: Dataporten, with or without Feide, and any provider of OpenID Connect.

A backend turns the provider's responses into an identity and details of a user. ``pipeline`` continues from there.
"""

from typing import Any

from django.conf import settings
from social_core.backends.base import BaseAuth
from social_core.backends.oauth import BaseOAuth2
from social_core.backends.open_id_connect import OpenIdConnectAuth
from social_core.exceptions import AuthPolicyError, AuthResponseError
from social_core.utils import module_member

FEIDE_PREFIX = "feide:"
# The length of the column of social_django.
MAX_UID_LENGTH = 255


class ManualLinkMixin:
    """Accept links between users and identities that staff has created in the admin."""

    def allow_unverified_legacy_uid_migration(self, old_id_key: str, id_key: str) -> bool:
        # Links that a login has created name the kind of id; those of the admin do not.
        return old_id_key == ""


class Dataporten(ManualLinkMixin, BaseOAuth2):
    """Dataporten, for accounts of all kinds. The user name is Dataporten's id of the user."""

    name = "dataporten"
    title = "Dataporten"
    # Not offered next to Feide, which nearly all users have. The URL works.
    is_offered = False
    ID_KEY = "userid"
    DEFAULT_SCOPE = ["userid", "profile", "email"]
    REDIRECT_STATE = False
    USE_BASIC_AUTH = True

    def authorization_url(self) -> str:
        return f"{settings.ARGUS_DATAPORTEN_URL}/oauth/authorization"

    def access_token_url(self) -> str:
        return f"{settings.ARGUS_DATAPORTEN_URL}/oauth/token"

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return Dataporten's data of the user. Refuse an access token that was issued to another application."""
        url = f"{settings.ARGUS_DATAPORTEN_URL}/userinfo"
        answer: Any = self.get_json(url, headers={"Authorization": f"Bearer {access_token}"})
        if not isinstance(answer, dict) or not isinstance(answer.get("user"), dict):
            raise AuthResponseError(self, code="malformed_response", stage="user_info")
        if answer.get("audience") != self.get_key_and_secret()[0]:
            raise AuthResponseError(self, claim="audience", code="invalid_claim", stage="user_info")
        return answer["user"]

    def get_user_id(self, details: Any, response: Any) -> str:
        return check_uid(self, response.get(self.ID_KEY))

    def get_user_details(self, response: Any) -> dict[str, Any]:
        return {
            "username": response.get("userid"),
            "email": response.get("email"),
            "fullname": response.get("name"),
        }


class DataportenFeide(Dataporten):
    """Dataporten, for users with a Feide account, which gives them their user name."""

    name = "dataporten_feide"
    title = "Feide"
    is_offered = True
    DEFAULT_SCOPE = ["userid", "profile", "userid-feide", "email"]

    def get_user_details(self, response: Any) -> dict[str, Any]:
        return super().get_user_details(response) | {"username": self.feide_name(response)}

    def feide_name(self, response: Any) -> str:
        names = response.get("userid_sec")
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str) and name.startswith(FEIDE_PREFIX):
                return name.removeprefix(FEIDE_PREFIX)
        raise AuthPolicyError(self, "no Feide account", code="membership_required", stage="user_info")


class OpenIdConnect(ManualLinkMixin, OpenIdConnectAuth):
    """The OpenID Connect provider at ARGUS_OIDC_ENDPOINT, configured by its discovery document."""

    name = "oidc"
    is_offered = True
    DEFAULT_USE_PKCE = True

    @classmethod
    def get_title(cls, strategy: Any) -> str:
        return settings.ARGUS_OIDC_NAME

    def get_user_id(self, details: Any, response: Any) -> str:
        """Return issuer and subject: at another provider the same subject may be another user."""
        claims: Any = self.id_token
        return check_uid(self, f"{claims['iss']} {check_uid(self, claims.get('sub'))}")

    def get_user_details(self, response: Any) -> dict[str, Any]:
        details: dict[str, Any] = super().get_user_details(response)
        if (response | self.id_token).get("email_verified") is False:
            details["email"] = None
        return details


def check_uid(backend: Any, value: Any) -> str:
    """Return the provider's id of the user. Raises ``AuthResponseError`` unless it is printable text that fits."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_UID_LENGTH or not value.isprintable():
        raise AuthResponseError(backend, claim=backend.ID_KEY, code="invalid_claim", stage="user_info")
    return value


def offered_providers() -> list[Any]:
    """Return the backends of the providers that are configured and offered."""
    backends = map(module_member, settings.AUTHENTICATION_BACKENDS)
    return [backend for backend in backends if issubclass(backend, BaseAuth) and getattr(backend, "is_offered", False)]
