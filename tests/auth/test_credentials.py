"""Credentials of long-lived connections are parsed, and many are checked with the queries of one."""

from importlib import import_module

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.auth.authtoken.models import digest_of
from argus.auth.credentials import SESSION, TOKEN, Credential, find_users, is_allowed_origin, parse_credentials
from tests.factories import make_client, make_token, make_user


def make_session(user) -> Credential:
    client = make_client()
    client.force_login(user)
    return Credential(SESSION, client.cookies["sessionid"].value)


def test_many_credentials_take_the_queries_of_one(db):
    counts = []
    for number in (1, 20):
        users = [make_user() for _ in range(number)]
        sessions = {make_session(user): user for user in users}
        tokens = {Credential(TOKEN, make_token(user).digest): user for user in users}
        with CaptureQueriesContext(connection) as queries:
            assert find_users([*sessions, *tokens]) == sessions | tokens
        counts.append(len(queries))

    assert counts == [3, 3]


def test_session_without_login_has_no_user(db):
    store = import_module(configured.SESSION_ENGINE).SessionStore()
    store["color"] = "red"
    store.save()

    assert find_users([Credential(SESSION, store.session_key)]) == {}
    assert find_users([]) == {}


def test_credentials_are_parsed_in_their_order():
    cookies = {"sessionid": "abc", "token": "0" * 40}

    assert parse_credentials(cookies, f"token  {'1' * 40} ") == [
        Credential(SESSION, "abc"),
        Credential(TOKEN, digest_of("0" * 40)),
        Credential(TOKEN, digest_of("1" * 40)),
    ]


def test_values_that_cannot_be_a_key_are_left_out():
    assert parse_credentials({"sessionid": "a\0b", "token": "x" * 40}, "Token \0") == []
    assert parse_credentials({"sessionid": "é"}, "Basic abc") == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://argus.example.org", True),
        ("https://argus.example.org:8443", False),
        ("http://argus.example.org", False),
        ("https://evil.example.org", False),
        ("https://argus.example.org.evil.org", False),
        ("https://api.example.org", True),
        ("http://api.example.org", True),
        ("null", False),
        ("file://", False),
        ("http://[", False),
        ("http://localhost:3000", False),
    ],
)
def test_frontend_and_own_host_are_the_only_allowed_origins(settings, origin, allowed):
    settings.CORS_ALLOWED_ORIGINS = ["https://argus.example.org"]
    settings.ALLOWED_HOSTS = ["api.example.org"]

    assert is_allowed_origin(origin, "api.example.org") is allowed


def test_own_host_must_be_an_allowed_host(settings):
    settings.ALLOWED_HOSTS = ["argus.example.org"]

    assert not is_allowed_origin("https://api.example.org", "api.example.org")


def test_local_origins_are_allowed_in_development(settings):
    settings.ARGUS_LOCAL_ORIGINS = True

    for origin in ("http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173"):
        assert is_allowed_origin(origin, "api.example.org")
    assert not is_allowed_origin("http://evil.example.org", "api.example.org")
