"""Failed logins: an error page, no session, and no secrets in the log."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from argus.auth.authtoken.models import Token
from argus.auth.models import User
from argus.auth.sso import errors
from tests.auth.sso.conftest import FEIDE, FRONTEND, OIDC, Browser
from tests.identity_provider import OTHER_KEY

pytestmark = pytest.mark.once

USER = "/api/v1/auth/user/"
TOKEN, USERINFO, DATAPORTEN_USERINFO = "/oauth/token", "/oidc/userinfo", "/userinfo"
SECRETS = ["hush-hush", "4711", "kari"]


@pytest.fixture(autouse=True)
def log(caplog):
    """Everything that is logged; none of it may be a secret, or a traceback."""
    caplog.set_level(logging.INFO)
    yield caplog
    assert [secret for secret in SECRETS if secret in caplog.text] == []
    assert "Traceback" not in caplog.text


def refused(response, status: int) -> str:
    """Assert that no user is logged in; return the text of the page."""
    assert response.status_code == status, response.content
    assert "token" not in response.cookies
    assert not Token.objects.exists()
    assert not User.objects.exists()
    page = response.content.decode()
    assert FRONTEND in page
    return page


@pytest.mark.parametrize("address", [OIDC, FEIDE])
def test_denied_consent(provider, browser, address):
    provider.consents = False

    page = refused(browser.log_in(address), 403)

    assert "cancelled the login" in page
    assert "No, thanks" not in page


@pytest.mark.parametrize("address", [OIDC, FEIDE])
@pytest.mark.parametrize("change", [("state=", "state=forged"), ("state=", "other=")])
def test_a_forged_or_missing_state(provider, browser, address, change):
    back = browser.visit(browser.begin(address)["Location"])

    assert "not started in this browser" in refused(browser.come_back(back.replace(*change)), 400)


@pytest.mark.parametrize("address", [OIDC, FEIDE])
def test_the_state_of_another_browser(provider, browser, address):
    back = browser.visit(browser.begin(address)["Location"])

    refused(Browser().come_back(back), 400)


def test_state_is_accepted_once(provider, browser):
    back = browser.visit(browser.begin()["Location"])
    assert browser.come_back(back).status_code == 302

    assert browser.come_back(back).status_code == 400


def test_callback_without_login_is_refused(provider, browser):
    refused(browser.client.get("/oidc/complete/oidc/"), 400)


def test_error_page_escapes_its_input(provider, browser):
    response = browser.client.get("/oidc/complete/oidc/", {"error": "<script>", "error_description": "<script>"})

    assert b"<script>" not in response.content
    assert response.status_code in {403, 502, 503}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"aud": ["argus", "another-client"]},
        {"aud": None},
        {"iss": "https://evil.example.org"},
        {"iss": None},
        {"nonce": "forged"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 1_000_000_000},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 4711},
        {"sub": ["4711"]},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
        {"azp": "another-client"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_login(provider, browser, claims):
    provider.claims = claims
    provider.person.pop("sub") if "sub" in claims else None

    assert "is invalid" in refused(browser.log_in(), 502)


def test_id_token_signed_by_another_key(provider, browser):
    provider.key = OTHER_KEY

    refused(browser.log_in(), 502)


def test_userinfo_of_another_subject(provider, browser):
    provider.answers[USERINFO] = 200, {"sub": "4712", "preferred_username": "boss"}

    refused(browser.log_in(), 502)


def test_access_token_for_another_dataporten_application(provider, browser):
    provider.claims = {"aud": "another-client"}

    refused(browser.log_in(FEIDE), 502)


@pytest.mark.parametrize("names", [[], ["nin:0"], None, "feide:kari", [7], {}])
def test_user_without_feide_account(provider, browser, names):
    provider.claims = {"userid_sec": names}

    assert "may not be used" in refused(browser.log_in(FEIDE), 403)


NONSENSE = [
    "",
    "<html>",
    "null",
    "[]",
    "7",
    '"text"',
    "{}",
    '{"a": 1}',
    '{"user": null}',
    '{"user": []}',
    "[" * 100_000,
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda text: text[:12])
@pytest.mark.parametrize(
    ("address", "path"), [(OIDC, TOKEN), (OIDC, "/jwks"), (FEIDE, TOKEN), (FEIDE, DATAPORTEN_USERINFO)]
)
def test_invalid_responses_of_the_provider(provider, browser, address, path, nonsense):
    provider.answers[path] = 200, nonsense

    refused(browser.log_in(address), 502)


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda text: text[:12])
def test_invalid_discovery_document(provider, browser, nonsense):
    provider.answers["/.well-known/openid-configuration"] = 200, nonsense

    refused(browser.begin(), 502)


@pytest.mark.parametrize("id_token", ["", "a.b.c", "....", "a" * 10_000, None, 7, {}])
def test_missing_id_token(provider, browser, id_token):
    provider.answers[TOKEN] = 200, {"access_token": "a", "id_token": id_token}

    refused(browser.log_in(), 502)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize(("address", "path"), [(OIDC, TOKEN), (OIDC, USERINFO), (FEIDE, TOKEN)])
def test_provider_with_server_errors(provider, browser, address, path, status):
    provider.answers[path] = status, {"error": "trouble"}

    assert "is unavailable" in refused(browser.log_in(address), 503)


@pytest.mark.parametrize("address", [OIDC, FEIDE])
def test_a_provider_that_is_down(provider, browser, address):
    back = browser.visit(browser.begin(address)["Location"])
    provider.close()

    assert "is unavailable" in refused(browser.come_back(back), 503)


def test_provider_that_is_down_at_the_first_request(provider, browser):
    provider.close()

    assert "is unavailable" in refused(browser.begin(), 503)


def test_a_provider_that_does_not_answer(provider, browser, settings):
    settings.SOCIAL_AUTH_REQUESTS_TIMEOUT = 0.2
    provider.hangs_until = threading.Event()

    assert "is unavailable" in refused(browser.log_in(), 503)
    provider.hangs_until.set()


def test_only_some_threads_wait_for_a_provider(provider, browser, monkeypatch):
    back = browser.visit(browser.begin()["Location"])
    monkeypatch.setattr(errors, "SLOTS", threading.BoundedSemaphore(1))
    monkeypatch.setattr(errors, "SLOT_TIMEOUT", 0)
    with errors.SLOTS, ThreadPoolExecutor(1):
        assert "is unavailable" in refused(browser.come_back(back), 503)

    assert browser.log_in().status_code == 302


@pytest.mark.parametrize("address", ["/oidc/login/unknown/", "/oidc/complete/unknown/", "/oidc/login/password/"])
def test_unconfigured_provider_is_404(db, address):
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_405(provider, db, method):
    assert getattr(Client(), method)(OIDC).status_code == 405
    assert getattr(Client(), method)("/oidc/complete/oidc/").status_code == 405
