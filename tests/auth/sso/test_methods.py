"""Frontends ask by what one can log in."""

from tests.auth.sso.conftest import FRONTEND
from tests.factories import Client

METHODS = "/login-methods/"
FORM = {"type": "username_password", "url": "http://testserver/api/v1/token-auth/", "name": "user_pw"}


def test_a_name_and_a_password_are_always_there(db):
    response = Client().get(METHODS)

    assert (response.status_code, response.json()) == (200, [FORM])


def test_each_provider_that_is_set_up_becomes_a_button(provider, db, settings):
    settings.ARGUS_OIDC_NAME = "Example University"

    assert Client().get(METHODS).json() == [
        FORM,
        {"type": "Feide", "url": "http://testserver/oidc/login/dataporten_feide/", "name": "dataporten_feide"},
        {"type": "Example University", "url": "http://testserver/oidc/login/oidc/", "name": "oidc"},
    ]


def test_the_frontend_may_read_them_and_a_dead_token_does_not_matter(provider, db):
    response = Client(HTTP_ORIGIN=FRONTEND, HTTP_AUTHORIZATION=f"Token {'0' * 40}").get(METHODS)

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == FRONTEND
