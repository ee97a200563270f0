"""Fixtures: an identity provider on the loopback interface, and browsers."""

from contextlib import closing

import pytest
import requests
from django.test import Client
from social_core.backends.utils import load_backends

from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

FRONTEND = "https://argus.example.org"
OIDC = "/oidc/login/oidc/"
FEIDE = "/oidc/login/dataporten_feide/"


@pytest.fixture
def provider(settings):
    """An identity provider that Argus is set up for, in both dialects."""
    with closing(IdentityProvider()) as provider:
        settings.AUTHENTICATION_BACKENDS = [
            *settings.AUTHENTICATION_BACKENDS,
            "argus.auth.sso.backends.DataportenFeide",
            "argus.auth.sso.backends.Dataporten",
            "argus.auth.sso.backends.OpenIdConnect",
        ]
        load_backends(settings.AUTHENTICATION_BACKENDS, force_load=True)
        settings.ARGUS_DATAPORTEN_URL = settings.SOCIAL_AUTH_OIDC_OIDC_ENDPOINT = provider.url
        settings.SOCIAL_AUTH_KEY, settings.SOCIAL_AUTH_SECRET = CLIENT_ID, CLIENT_SECRET
        for name in ("OIDC", "DATAPORTEN", "DATAPORTEN_FEIDE"):
            setattr(settings, f"SOCIAL_AUTH_{name}_KEY", CLIENT_ID)
            setattr(settings, f"SOCIAL_AUTH_{name}_SECRET", CLIENT_SECRET)
        settings.ARGUS_FRONTEND_URL = FRONTEND
        settings.CORS_ALLOWED_ORIGINS = [FRONTEND]
        settings.ARGUS_COOKIE_DOMAIN = "example.org"
        yield provider


@pytest.fixture
def browser(db) -> "Browser":
    return Browser()


class Browser:
    """A browser that follows from Argus to the provider, and back to Argus."""

    def __init__(self):
        self.client = Client()

    def log_in(self, address: str = OIDC, **query):
        """Go all the way, and return Argus' last answer."""
        there = self.begin(address, **query)
        return there if there.status_code != 302 else self.come_back(self.visit(there["Location"]))

    def begin(self, address: str = OIDC, **query):
        return self.client.get(address, query)

    def visit(self, url: str) -> str:
        """Let the provider have its say; return where it sends the browser."""
        return requests.get(url, allow_redirects=False, timeout=10).headers["Location"]

    def come_back(self, url: str):
        assert url.startswith("http://testserver/oidc/complete/")
        return self.client.get(url.removeprefix("http://testserver"))
