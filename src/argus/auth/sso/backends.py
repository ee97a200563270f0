"""The providers that people can log in by: Dataporten, with or without Feide, and any that speaks OpenID Connect.

Here a provider's answers become an identity and a few words about a person. What becomes of those is for ``pipeline``.
"""

from django.conf import settings
from social_core.backends.oauth import BaseOAuth2
from social_core.backends.open_id_connect import OpenIdConnectAuth
from social_core.exceptions import AuthPolicyError, AuthResponseError

FEIDE = "feide:"
# As long as a row of social_django may have it.
UID_LENGTH = 255


class ByHand:
    """A link between an account and an identity that staff made in the admin counts like one made by a login."""

    def allow_unverified_legacy_uid_migration(self, old_id_key, id_key):
        # Rows of ours name the kind of id that they hold. One without it was not made by a login.
        return old_id_key == ""


class Dataporten(ByHand, BaseOAuth2):
    """Dataporten, for accounts of every kind that it knows. The user name is Dataporten's own id of the person."""

    name = "dataporten"
    title = "Dataporten"
    # Not shown beside Feide, which nearly everybody there has; the address is there for those who know it.
    is_offered = False
    ID_KEY = "userid"
    DEFAULT_SCOPE = ["userid", "profile", "email"]
    REDIRECT_STATE = False
    USE_BASIC_AUTH = True

    def authorization_url(self):
        return f"{settings.ARGUS_DATAPORTEN_URL}/oauth/authorization"

    def access_token_url(self):
        return f"{settings.ARGUS_DATAPORTEN_URL}/oauth/token"

    def user_data(self, access_token, *args, **kwargs):
        """Return what Dataporten knows of the person; refuse an access token that was given to another application."""
        url = f"{settings.ARGUS_DATAPORTEN_URL}/userinfo"
        answer = self.get_json(url, headers={"Authorization": f"Bearer {access_token}"})
        if not isinstance(answer, dict) or not isinstance(answer.get("user"), dict):
            raise AuthResponseError(self, code="malformed_response", stage="user_info")
        if answer.get("audience") != self.get_key_and_secret()[0]:
            raise AuthResponseError(self, claim="audience", code="invalid_claim", stage="user_info")
        return answer["user"]

    def get_user_id(self, details, response):
        return plain_id(self, response.get(self.ID_KEY))

    def get_user_details(self, response):
        return {
            "username": response.get("userid"),
            "email": response.get("email"),
            "fullname": response.get("name"),
        }


class DataportenFeide(Dataporten):
    """Dataporten, for people who have a Feide account: it gives them their user name."""

    name = "dataporten_feide"
    title = "Feide"
    is_offered = True
    DEFAULT_SCOPE = ["userid", "profile", "userid-feide", "email"]

    def get_user_details(self, response):
        return super().get_user_details(response) | {"username": self.feide_name(response)}

    def feide_name(self, response) -> str:
        names = response.get("userid_sec")
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str) and name.startswith(FEIDE):
                return name.removeprefix(FEIDE)
        raise AuthPolicyError(self, "no Feide account", code="membership_required", stage="user_info")


class OpenIdConnect(ByHand, OpenIdConnectAuth):
    """The provider that ARGUS_OIDC_ENDPOINT names. It is asked about itself, so nothing else has to be set up."""

    name = "oidc"
    is_offered = True
    DEFAULT_USE_PKCE = True

    @classmethod
    def get_title(cls, strategy):
        return settings.ARGUS_OIDC_NAME

    def get_user_id(self, details, response):
        """Return issuer and subject: a subject alone may be somebody else at the provider that is configured next."""
        return plain_id(self, f"{self.id_token['iss']} {plain_id(self, self.id_token.get('sub'))}")

    def get_user_details(self, response):
        details = super().get_user_details(response)
        if (response | self.id_token).get("email_verified") is False:
            details["email"] = None
        return details


def plain_id(backend, value) -> str:
    """Return what a provider knows somebody by. It must be text, visible, and no longer than can be kept."""
    if not isinstance(value, str) or not 0 < len(value) <= UID_LENGTH or not value.isprintable():
        raise AuthResponseError(backend, claim=backend.ID_KEY, code="invalid_claim", stage="user_info")
    return value
