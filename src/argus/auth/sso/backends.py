"""Login providers: Dataporten, with or without Feide, and any provider of OpenID Connect.

A backend turns the provider's responses into an identity and details of a user. ``pipeline`` continues from there.
"""

from types import SimpleNamespace
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
# Logins that a browser may have begun at one provider, for example in several tabs.
MAX_LOGINS = 3


class LoginMixin:
    """What all providers have in common."""

    name = ""
    # Some providers send a text.
    VERIFIED = (True, "true")

    def get_or_create_state(self) -> str | None:
        """Start a login. The state of the newest ``MAX_LOGINS`` of a browser fits into a cookie."""
        backend: Any = self
        state = super().get_or_create_state()  # type: ignore[misc]
        index_key = backend._transaction_index_key()
        states = list(backend.strategy.session_get(index_key).items())
        for old, _ in states[:-MAX_LOGINS]:
            backend.strategy.session_pop(backend.transaction_key(old))
        backend.strategy.session_set(index_key, dict(states[-MAX_LOGINS:]))
        return state

    def has_verified(self, email: Any, response: Any) -> bool:
        """Return whether the provider says that the address is the user's, or is trusted not to send another one."""
        if self.name in settings.ARGUS_TRUSTED_EMAIL_PROVIDERS:
            return True
        claims = self.email_claims(response)
        return any(one.get("email") == email and one.get("email_verified") in self.VERIFIED for one in claims)

    def email_claims(self, response: Any) -> list[Any]:
        """Return the objects that may say that an address is verified."""
        return [response]

    def allow_unverified_legacy_uid_migration(self, old_id_key: str, id_key: str) -> bool:
        # Links that a login has created name the kind of id; those of the admin do not.
        return old_id_key == ""


class Dataporten(LoginMixin, BaseOAuth2):
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


class OpenIdConnect(LoginMixin, OpenIdConnectAuth):
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

    def email_claims(self, response: Any) -> list[Any]:
        return [response, self.id_token]

    # The nonce is in the state that belongs to the login. It needs no row.

    def get_and_store_nonce(self, url: str, state: str) -> str:
        return self.strategy.random_string(64)

    def get_nonce(self, nonce: str) -> Any:
        """Return the nonce of the state. The caller has compared it with the one in the ID token."""
        return SimpleNamespace(id=None, assoc_type=(self._oauth2_transaction or {}).get("state"))

    def remove_nonce(self, nonce_id: Any) -> None:
        """Do nothing: the state is removed when it is used."""


def check_uid(backend: Any, value: Any) -> str:
    """Return the provider's id of the user. Raises ``AuthResponseError`` unless it is printable text that fits."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_UID_LENGTH or not value.isprintable():
        raise AuthResponseError(backend, claim=backend.ID_KEY, code="invalid_claim", stage="user_info")
    return value


def offered_providers() -> list[Any]:
    """Return the backends of the providers that are configured and offered."""
    backends = map(module_member, settings.AUTHENTICATION_BACKENDS)
    return [backend for backend in backends if issubclass(backend, BaseAuth) and getattr(backend, "is_offered", False)]
