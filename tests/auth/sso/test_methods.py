"""The list of login methods for frontends."""

import pytest

from tests.auth.sso.conftest import FRONTEND
from tests.factories import Client

pytestmark = pytest.mark.once

METHODS = "/login-methods/"
FORM = {"type": "username_password", "url": "http://testserver/api/v1/token-auth/", "name": "user_pw"}


def test_password_login_is_always_listed(db):
    response = Client().get(METHODS)

    assert (response.status_code, response.json()) == (200, [FORM])


def test_configured_providers_are_listed(provider, db, settings):
    settings.ARGUS_OIDC_NAME = "Example University"

    assert Client().get(METHODS).json() == [
        FORM,
        {"type": "Feide", "url": "http://testserver/oidc/login/dataporten_feide/", "name": "dataporten_feide"},
        {"type": "Example University", "url": "http://testserver/oidc/login/oidc/", "name": "oidc"},
    ]


def test_login_methods_allow_cors_and_ignore_expired_tokens(provider, db):
    response = Client(HTTP_ORIGIN=FRONTEND, HTTP_AUTHORIZATION=f"Token {'0' * 40}").get(METHODS)

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == FRONTEND
