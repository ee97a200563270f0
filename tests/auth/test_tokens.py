"""Token endpoints: two URLs with the same behaviour."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.serializers import serialize
from django.test import RequestFactory
from django.utils import timezone
from django.views.debug import get_exception_reporter_class

from argus.auth.authtoken.models import Token, digest_of
from argus.auth.retention import expired_tokens
from tests.factories import INCIDENTS, PASSWORD, Client, make_client, make_source, make_user
from tests.raw import send_json
from tests.tables import for_each

pytestmark = pytest.mark.once

ADDRESSES = ["/api/v1/token-auth/", "/oidc/api-token-auth/"]
USER = "/api/v1/auth/user/"

NOT_TEXT = {
    "a list": [],
    "a list of text": [PASSWORD],
    "an object": {},
    "true": True,
    "null": None,
    "nothing": "",
    "NUL": "oper\x00ator",
    "a lone surrogate": "\ud800",
}


@pytest.fixture(params=ADDRESSES, ids=["v1", "oidc"])
def address(request):
    return request.param


@pytest.fixture
def user(db):
    return make_user("operator")


def log_in(client, address, **overrides):
    return send_json(client, "POST", address, {"username": "operator", "password": PASSWORD, **overrides})


def status_of(key: str) -> int:
    """Return the response to a request for the current user with this token."""
    return Client(HTTP_AUTHORIZATION=f"Token {key}").get(USER).status_code


def test_name_and_password_give_a_token_that_works(user, as_stranger, address):
    response = log_in(as_stranger, address)

    assert response.status_code == 200
    assert list(response.json()) == ["token"]
    assert len(response.json()["token"]) == 40
    assert status_of(response.json()["token"]) == 200


def test_the_key_is_sent_once_and_stored_nowhere(user, as_stranger, address):
    response = log_in(as_stranger, address)
    key = response.json()["token"]
    assert status_of(key) == 200

    stored = serialize("json", [row for model in apps.get_models() for row in model._base_manager.all()])

    assert "no-store" in response["Cache-Control"]
    assert Token.objects.get(user=user).digest in stored
    assert key not in stored


def test_authentication_is_one_query_by_digest(as_user, django_assert_num_queries):
    with django_assert_num_queries(2) as queries:
        assert as_user.get("/api/v1/auth/users/0/").status_code == 404

    assert as_user.token.digest in queries[0]["sql"]
    assert as_user.token.key not in queries[0]["sql"]


@pytest.mark.both
def test_error_reports_hide_the_key(as_user, monkeypatch):
    monkeypatch.setattr("argus.auth.authentication.token_error", lambda token: 1 / 0)
    with pytest.raises(ZeroDivisionError) as error:
        as_user.get(USER)
    request = RequestFactory().get(USER, HTTP_AUTHORIZATION=f"Token {as_user.token.key}")
    request.COOKIES["token"] = as_user.token.key

    # Without the frame of this test.
    report = get_exception_reporter_class(request)(request, error.type, error.value, error.tb.tb_next)

    text = report.get_traceback_html() + report.get_traceback_text()
    assert "authenticate_credentials" in text
    assert as_user.token.key not in text


@pytest.mark.parametrize("other", ADDRESSES)
def test_a_new_token_replaces_the_old_one_whichever_address_gave_it(user, as_stranger, address, other):
    old = log_in(as_stranger, address).json()["token"]
    new = log_in(as_stranger, other).json()["token"]

    assert new != old
    assert status_of(old) == 401
    assert status_of(new) == 200
    assert Token.objects.get(user=user).digest == digest_of(new)


@pytest.mark.parametrize("wrong", [{"password": "guessed"}, {"username": "unknown"}, {"password": PASSWORD.upper()}])
def test_wrong_credentials_are_400_and_keep_the_old_token(user, as_stranger, address, wrong):
    key = log_in(as_stranger, address).json()["token"]

    response = log_in(as_stranger, address, **wrong)

    assert response.status_code == 400
    assert list(response.json()) == ["non_field_errors"]
    assert status_of(key) == 200


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_missing_field_is_400_under_its_name(user, as_stranger, address, field):
    body = {"username": "operator", "password": PASSWORD}
    del body[field]

    response = as_stranger.post(address, body)

    assert response.status_code == 400
    assert list(response.json()) == [field]


@pytest.mark.parametrize("value", NOT_TEXT.values(), ids=NOT_TEXT)
@pytest.mark.parametrize("field", ["username", "password"])
def test_credentials_that_are_no_text_are_400_under_the_fields_name(user, as_stranger, address, field, value):
    response = log_in(as_stranger, address, **{field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert not Token.objects.exists()


@pytest.mark.parametrize("body", [[], [{"username": "operator"}], "operator", 1, None])
def test_a_body_that_is_no_object_is_400(user, as_stranger, address, body):
    response = as_stranger.post(address, body)

    assert response.status_code == 400
    assert response.json().keys() <= {"username", "password", "non_field_errors"}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart"])
def test_form_data_is_accepted(user, as_stranger, address, content_type):
    fields = {"username": "operator", "password": PASSWORD}
    if content_type == "multipart":
        response = as_stranger.post(address, fields, format="multipart")
    else:
        response = as_stranger.generic("POST", address, f"username=operator&password={PASSWORD}", content_type)

    assert response.status_code == 200


def test_an_open_session_needs_no_csrf_token_to_log_in_by_password(user, address):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)

    assert log_in(browser, address).status_code == 200


@pytest.mark.parametrize("header", ["Token 0123", "Token", "Bearer x", f"Token {'0' * 40}"])
def test_login_ignores_an_expired_token_in_the_header(user, address, header):
    assert log_in(Client(HTTP_AUTHORIZATION=header), address).status_code == 200


def test_an_inactive_user_gets_no_token(address, as_stranger, user):
    user.is_active = False
    user.save()

    response = log_in(as_stranger, address)

    assert response.status_code == 400
    assert list(response.json()) == ["non_field_errors"]


def test_a_source_has_no_password_and_gets_no_token(db, address, as_stranger):
    source = make_source("nav")

    response = as_stranger.post(address, {"username": source.user.username, "password": ""})

    assert response.status_code == 400
    assert list(response.json()) == ["password"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_token_endpoint_allows_post_only(address, as_stranger, method, db):
    response = getattr(as_stranger, method)(address)

    assert response.status_code == 405
    assert list(response.json()) == ["detail"]


def test_token_of_an_inactive_user_is_401(as_user):
    as_user.user.is_active = False
    as_user.user.save()

    response = as_user.get(USER)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


@for_each(
    "header",
    [
        None,
        "",
        "Token",
        "Token ",
        "Token a b",
        "Token \xff",
        "Token \x00",
        f"Token {'0' * 40}",
        f"Token {'f' * 5000}",
        f"Token {'F' * 40}",
        "Bearer x",
        "Basic b3BlcmF0b3I6cHc=",
    ],
)
@for_each("address", [USER, INCIDENTS, f"{INCIDENTS}sources/", "/api/v1/auth/phone-number/"])
def test_missing_or_unknown_token_is_401_with_challenge(db, header, address):
    response = Client(**({} if header is None else {"HTTP_AUTHORIZATION": header})).get(address)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert list(response.json()) == ["detail"]


def age(client, **since_then) -> None:
    Token.objects.filter(user=client.user).update(created=timezone.now() - timedelta(**since_then))


def test_a_token_works_until_its_last_hour(as_user):
    age(as_user, days=settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS, hours=-1)

    assert as_user.get(USER).status_code == 200


def test_an_expired_token_is_401_and_deleted_when_it_is_used(as_user):
    age(as_user, days=settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS, seconds=1)
    assert Token.objects.filter(user=as_user.user).exists()

    response = as_user.get(USER)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert not Token.objects.filter(user=as_user.user).exists()


def test_token_lifetime_is_a_setting(as_user, settings):
    settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS = 1
    age(as_user, days=1, seconds=1)

    assert as_user.get(USER).status_code == 401


def test_after_a_token_has_expired_the_password_gives_a_new_one(as_user, as_stranger):
    age(as_user, days=settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS, seconds=1)

    key = log_in(as_stranger, ADDRESSES[0]).json()["token"]

    assert key != as_user.token.key
    assert status_of(key) == 200


def test_malformed_session_cookie_counts_as_none(db):
    client = make_client()
    # Quoted cookies may hold any character: this one is NUL.
    client.cookies.load('sessionid="\\000aaaaaaaaaaaa"')

    assert client.get(USER).status_code == 401


def test_token_of_a_source_may_have_another_lifetime(as_source, as_user, settings):
    settings.ARGUS_SOURCE_TOKEN_DAYS = 90
    for client in (as_source, as_user):
        age(client, days=89)
    assert set(expired_tokens()) == set(Token.objects.filter(user=as_user.user))
    assert as_source.get(USER).status_code == 200
    assert as_user.get(USER).status_code == 401

    age(as_source, days=90, seconds=1)
    assert list(expired_tokens()) == list(Token.objects.filter(user=as_source.user))
    assert as_source.get(USER).status_code == 401


@pytest.mark.parametrize("scheme", ["Token", "token", "Bearer", "BEARER"])
def test_both_schemes_are_accepted_in_any_case(as_user, scheme):
    assert Client(HTTP_AUTHORIZATION=f"{scheme} {as_user.token.key}").get(USER).status_code == 200


def test_a_refusal_names_the_documented_scheme(as_stranger):
    response = as_stranger.get(USER, HTTP_AUTHORIZATION="Bearer x")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")
