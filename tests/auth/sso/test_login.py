"""Successful logins at a provider: user, session, token cookie, redirect to the frontend."""

import logging
import secrets
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from social_django.models import Association, Nonce, UserSocialAuth

from argus.auth.authtoken.models import Kind, Token, digest_of
from argus.auth.models import User
from tests.auth.sso.conftest import FEIDE, FRONTEND, OIDC, Browser
from tests.auth.test_tokens import status_of
from tests.factories import Client, make_token, make_user

pytestmark = pytest.mark.once

USER = "/api/v1/auth/user/"
LOGOUT = "/api/v1/auth/logout/"
DATAPORTEN = "/oidc/login/dataporten/"


@pytest.mark.both
@pytest.mark.parametrize("address", [OIDC, FEIDE, DATAPORTEN])
def test_a_first_login_makes_an_account_opens_a_session_and_hands_a_token_to_the_frontend(provider, browser, address):
    response = browser.log_in(address)

    assert (response.status_code, response["Location"]) == (302, FRONTEND)
    user = User.objects.get()
    assert (user.first_name, user.last_name) == ("Kari", "Nordmann")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert browser.client.get(USER).json()["username"] == user.username
    token = response.cookies["token"].value
    assert Client(HTTP_AUTHORIZATION=f"Token {token}").get(USER).json()["first_name"] == "Kari"


def test_user_name_is_the_feide_id_without_prefix(provider, browser):
    provider.person["preferred_username"] = "kari@uninett.no"

    browser.log_in(FEIDE)

    assert User.objects.get().username == "kari@uninett.no"


def test_authorization_request_to_feide(provider, browser):
    response = browser.begin(FEIDE)

    url = urlsplit(response["Location"])
    parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert response.status_code == 302
    assert url.path == "/oauth/authorization"
    assert len(parameters.pop("state")) >= 32
    assert parameters == {
        "client_id": "argus",
        "redirect_uri": "http://testserver/oidc/complete/dataporten_feide/",
        "response_type": "code",
        "scope": "userid profile userid-feide email",
    }


@pytest.mark.parametrize("address", [OIDC, FEIDE])
def test_a_second_login_finds_the_same_account_and_ends_no_other_token(provider, browser, address):
    first = browser.log_in(address).cookies["token"].value
    api = make_token(User.objects.get()).key
    response = Browser().log_in(address)
    second = response.cookies["token"].value

    assert User.objects.count() == UserSocialAuth.objects.count() == 1
    assert len({first, second, api}) == 3
    assert {status_of(key) for key in (first, second, api)} == {200}
    assert "no-store" in response["Cache-Control"]


def test_a_login_is_a_line_of_the_audit_log(provider, browser, caplog, django_capture_on_commit_callbacks):
    caplog.set_level(logging.INFO, "argus.audit")
    with django_capture_on_commit_callbacks(execute=True):
        key = browser.log_in().cookies["token"].value

    lines = [record.getMessage() for record in caplog.records if record.name == "argus.audit"]
    assert "kari created a browser token of kari" in lines
    assert key not in caplog.text


def test_a_login_deletes_the_expired_tokens_of_the_user(provider, browser):
    browser.log_in()
    Token.objects.update(created=timezone.now() - timedelta(days=15))
    other = make_token(make_user("other"), Kind.BROWSER)

    key = browser.log_in().cookies["token"].value

    assert {token.digest for token in Token.objects.all()} == {digest_of(key), other.digest}


def test_logout_ends_the_token_of_this_browser_only(provider, browser):
    key, other = (one.log_in().cookies["token"].value for one in (browser, Browser()))
    api = make_token(User.objects.get()).key

    assert Client(HTTP_AUTHORIZATION=f"Token {key}").post(LOGOUT).status_code == 200
    assert [status_of(one) for one in (key, other, api)] == [401, 200, 200]


@pytest.mark.parametrize("address", [OIDC, FEIDE, DATAPORTEN])
def test_a_login_that_is_not_finished_writes_no_row(provider, browser, address, django_assert_num_queries):
    with django_assert_num_queries(0):
        cookie = browser.begin(address).cookies["login_state"]
        browser.come_back("http://testserver/oidc/complete/oidc/?state=x&code=y")

    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 3600)
    assert "sessionid" not in browser.client.cookies


def test_several_tabs_may_log_in_at_the_same_time(provider, browser):
    ways_back = [browser.visit(browser.begin(OIDC)["Location"]) for _ in range(4)]

    assert [browser.come_back(way).status_code for way in ways_back] == [400, 302, 302, 302]
    assert browser.client.cookies["login_state"]["max-age"] == 0


def test_state_fits_into_a_cookie(provider, browser):
    for address in (OIDC, FEIDE, DATAPORTEN) * 5:
        browser.begin(address, next=f"/{secrets.token_hex(499)}")

    assert len(browser.client.cookies["login_state"].value) < 4_000


def test_state_of_a_login_expires(provider, browser, monkeypatch):
    back = browser.visit(browser.begin()["Location"])
    cookie = browser.client.cookies["login_state"]
    now = time.time()
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: now + 7_200)
        assert browser.come_back(back).status_code == 400

    browser.client.cookies["login_state"] = cookie.value[:-1] + "x"
    assert browser.come_back(back).status_code == 400


def test_the_cookie_can_be_read_by_the_frontend_and_is_sent_by_no_other_site(provider, browser, settings):
    settings.SESSION_COOKIE_SECURE = True

    cookie = browser.log_in().cookies["token"]

    assert (cookie["domain"], cookie["path"], cookie["samesite"]) == ("example.org", "/", "Lax")
    assert cookie["secure"]
    assert not cookie["httponly"]
    assert 13.9 * 24 * 3600 < cookie["max-age"] <= settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS * 24 * 3600


def test_without_a_domain_the_cookie_is_for_this_host(provider, browser, settings):
    settings.ARGUS_COOKIE_DOMAIN = ""

    assert browser.log_in().cookies["token"]["domain"] == ""


def test_without_a_frontend_the_browser_lands_on_the_front_page(provider, browser, settings):
    settings.ARGUS_FRONTEND_URL = ""

    assert browser.log_in()["Location"] == "/"


def test_login_keeps_changed_names_and_address(provider, browser):
    provider.person |= {"email": "kari@example.org", "email_verified": True}
    browser.log_in()
    User.objects.update(first_name="Kaja", email="kaja@example.org", last_name="")

    Browser().log_in()

    user = User.objects.get()
    assert (user.first_name, user.last_name, user.email) == ("Kaja", "Nordmann", "kaja@example.org")


def test_given_and_family_name_go_before_the_full_name(provider, browser):
    provider.person |= {"given_name": "Kari Anne", "family_name": "Nordmann"}

    browser.log_in()

    assert User.objects.get().first_name == "Kari Anne"


@pytest.mark.parametrize(
    ("address", "claims", "email"),
    [
        (OIDC, {"email_verified": True}, "kari@example.org"),
        (OIDC, {"email_verified": "true"}, "kari@example.org"),
        (OIDC, {}, ""),
        (OIDC, {"email_verified": None}, ""),
        (OIDC, {"email_verified": False}, ""),
        (OIDC, {"email_verified": "false"}, ""),
        (OIDC, {"email_verified": "yes"}, ""),
        (OIDC, {"email_verified": [True]}, ""),
        (FEIDE, {}, "kari@example.org"),
        (DATAPORTEN, {}, ""),
    ],
)
def test_only_a_verified_email_address_is_stored(provider, browser, address, claims, email):
    provider.person |= {"email": "kari@example.org", **claims}

    browser.log_in(address)

    assert User.objects.get().email == email


def test_email_address_of_a_trusted_provider_needs_no_claim(provider, browser, settings):
    settings.ARGUS_TRUSTED_EMAIL_PROVIDERS = ["oidc"]
    provider.person["email"] = "kari@example.org"

    browser.log_in()
    Browser().log_in(FEIDE)

    assert sorted(User.objects.values_list("email", flat=True)) == ["", "kari@example.org"]


def test_only_the_identity_is_stored(provider, browser):
    browser.log_in()

    link = UserSocialAuth.objects.get()
    assert (link.provider, link.uid, link.extra_data) == ("oidc", f"{provider.url} 4711", {})
    assert not Association.objects.exists()
    assert not Nonce.objects.exists()


def test_manually_linked_identity_logs_in_the_user(provider, browser):
    boss = make_user("boss")
    UserSocialAuth.objects.create(user=boss, provider="oidc", uid=f"{provider.url} 4711")

    browser.log_in()

    assert browser.client.get(USER).json()["username"] == "boss"
    assert User.objects.count() == 1


def test_open_session_of_another_user_ends_and_is_not_linked(provider, browser):
    boss = make_user("boss", is_superuser=True, is_staff=True)
    browser.client.force_login(boss)

    browser.log_in()

    assert browser.client.get(USER).json()["username"] == "kari"
    assert UserSocialAuth.objects.get().user.username == "kari"


def test_next_may_be_the_admin_for_staff(provider, browser):
    browser.log_in()
    User.objects.update(is_staff=True)

    assert browser.client.get("/admin/").status_code == 200


@pytest.mark.parametrize("page", ["/admin/", f"{FRONTEND}/incidents/5", f"{FRONTEND}/?a=b#c"])
def test_next_may_be_a_local_or_frontend_page(provider, browser, page):
    assert browser.log_in(next=page)["Location"] == page


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example.org/",
        "//evil.example.org/",
        "///evil.example.org",
        "/\\evil.example.org",
        "http://argus.example.org/",
        "https://argus.example.org.evil.example.org/",
        "https://argus.example.org@evil.example.org/",
        "https://argus.example.org",
        "javascript:alert(1)",
        "https:evil.example.org",
        "/%0d%0aSet-Cookie:a=b\r\nX: y",
        "/" + "a" * 3000,
        "",
    ],
)
def test_next_to_other_sites_is_ignored(provider, browser, page):
    assert browser.log_in(next=page)["Location"] == FRONTEND


def test_next_from_the_provider_is_ignored(provider, browser):
    back = browser.visit(browser.begin()["Location"])

    assert browser.come_back(f"{back}&next=https://evil.example.org/")["Location"] == FRONTEND
