"""Sessions authenticate API requests; logout ends session and token."""

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from rest_framework.response import Response

from argus.auth.api.v1.views import CurrentUserView
from argus.auth.authtoken.models import Kind, Token
from tests.factories import INCIDENTS, Client, incident_body, make_client, make_incident, make_token, make_user

pytestmark = pytest.mark.once

LOGOUT = "/api/v1/auth/logout/"
USER = "/api/v1/auth/user/"


@pytest.fixture
def browser(as_superuser):
    """A superuser's session, in a browser that brings no CSRF token by itself."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(as_superuser.user)
    return client


def test_anonymous_requests_make_no_session(db):
    client = Client()
    for path in ("/", "/admin/", "/admin/login/", "/api/v1/docs/", "/login-methods/", USER, "/oidc/login/unknown/"):
        client.get(path)
    for path in ("/admin/login/", "/api/v1/token-auth/", LOGOUT):
        client.generic("POST", path, "username=kari&password=wrong", "application/x-www-form-urlencoded")

    assert not Session.objects.exists()


def test_a_session_reads_the_api(browser):
    response = browser.get(USER)

    assert response.status_code == 200
    assert response.json()["username"] == "superuser"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", INCIDENTS),
        ("post", f"{INCIDENTS}mine/"),
        ("patch", f"{INCIDENTS}{{pk}}/"),
        ("put", f"{INCIDENTS}{{pk}}/ticket_url/"),
        ("post", f"{INCIDENTS}{{pk}}/events/"),
        ("post", f"{INCIDENTS}{{pk}}/acks/"),
        ("post", f"{INCIDENTS}sources/"),
        ("post", f"{INCIDENTS}source-types/"),
        ("post", "/api/v1/auth/phone-number/"),
        ("post", LOGOUT),
    ],
)
def test_a_session_without_csrf_token_changes_nothing(browser, method, path):
    incident = make_incident()

    response = getattr(browser, method)(path.format(pk=incident.pk), incident_body())

    assert response.status_code == 403
    assert list(response.json()) == ["detail"]
    assert incident.events.count() == 1


def test_a_session_with_csrf_token_may_write(browser):
    incident = make_incident()
    browser.cookies["csrftoken"] = token = "a" * 32

    response = browser.put(
        f"{INCIDENTS}{incident.pk}/ticket_url/", {"ticket_url": "https://tickets.example.org/1"}, HTTP_X_CSRFTOKEN=token
    )

    assert response.status_code == 200


def test_a_token_beside_a_session_needs_no_csrf_token(browser, as_user):
    incident = make_incident()
    browser.credentials(HTTP_AUTHORIZATION=f"Token {as_user.token.key}")

    response = browser.post(f"{INCIDENTS}{incident.pk}/events/", {"type": "CLO"})

    assert response.status_code == 201
    assert response.json()["actor"]["username"] == "operator"


def test_logout_deletes_the_token(as_user):
    response = as_user.post(LOGOUT)

    assert (response.status_code, response.content) == (200, b"")
    assert not Token.objects.filter(user=as_user.user).exists()
    assert as_user.get(USER).status_code == 401


def test_logout_leaves_the_tokens_of_others_alone(as_user, as_source):
    as_user.post(LOGOUT)

    assert as_source.get(USER).status_code == 200


@pytest.mark.parametrize("kind", Kind)
def test_logout_of_a_session_ends_the_token_in_the_cookie(as_browser, kind):
    tokens = {kind: make_token(as_browser.user, kind) for kind in Kind}
    as_browser.credentials()
    as_browser.cookies["token"] = tokens[kind].key

    as_browser.post(LOGOUT)

    assert tokens.pop(kind) not in Token.objects.all()
    assert set(Token.objects.all()) == set(tokens.values())


@pytest.mark.parametrize("cookie", ["", "x", "0" * 40])
def test_logout_of_a_session_without_a_token_of_its_own_ends_the_api_token(as_browser, cookie):
    browser, other = make_token(as_browser.user, Kind.BROWSER), make_token(make_user())
    make_token(as_browser.user)
    as_browser.credentials()
    as_browser.cookies["token"] = cookie

    as_browser.post(LOGOUT)

    assert set(Token.objects.all()) == {browser, other}


def test_logout_ends_the_session(as_browser):
    as_browser.credentials()

    response = as_browser.post(LOGOUT)

    assert (response.status_code, response.content) == (200, b"")
    assert not Session.objects.exists()
    assert as_browser.get(USER).status_code == 401


def test_logout_by_token_ends_the_session_of_the_request(as_user):
    as_user.force_login(as_user.user)

    assert as_user.post(LOGOUT).status_code == 200
    assert not Session.objects.exists()


def test_anonymous_logout_is_401(as_stranger, db):
    response = as_stranger.post(LOGOUT)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("header", [f"Token {'0' * 40}", "Token", "Token \xff", "Bearer x"])
def test_logout_with_an_expired_token_is_401(db, header):
    response = Client(HTTP_AUTHORIZATION=header).post(LOGOUT)

    assert (response.status_code, response.content) == (200, b"")


def test_logout_with_an_expired_token_ends_the_session(db):
    user = make_user()
    client = Client(HTTP_AUTHORIZATION=f"Token {'0' * 40}")
    client.force_login(user)

    assert client.post(LOGOUT).status_code == 200
    assert not Session.objects.exists()


def test_second_logout_is_accepted(as_user):
    as_user.post(LOGOUT)

    assert as_user.post(LOGOUT).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_logout_allows_post_only(as_user, method):
    assert getattr(as_user, method)(LOGOUT).status_code == 405
    assert make_client(as_user.user).get(USER).status_code == 200


@pytest.fixture
def read_only(db):
    """A database that takes nothing new for the moment, as a standby of PostgreSQL or a file that cannot be written."""
    is_sqlite = connection.vendor == "sqlite"
    # PostgreSQL ends this mode with the savepoint.
    with transaction.atomic(), connection.cursor() as cursor:
        yield lambda: cursor.execute("PRAGMA query_only = ON" if is_sqlite else "SET TRANSACTION READ ONLY")
        if is_sqlite:
            cursor.execute("PRAGMA query_only = OFF")
        transaction.set_rollback(True)


@pytest.mark.both
@pytest.mark.parametrize("path", [USER, "/admin/"])
def test_session_that_cannot_be_stored_is_503(browser, settings, read_only, path):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    browser.raise_request_exception = False
    read_only()

    response = browser.get(path)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


@pytest.mark.both
def test_session_deleted_meanwhile_is_not_an_outage(browser, settings, monkeypatch):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    monkeypatch.setattr(CurrentUserView, "get", lambda view, request: Session.objects.all().delete() and Response())

    assert browser.get(USER).status_code == 400
