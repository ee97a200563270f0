"""Credentials of long-lived connections are parsed, and many are checked with the queries of one."""

from importlib import import_module

from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token

from argus.auth.credentials import SESSION, TOKEN, Credential, find_users, parse_credentials
from tests.factories import make_client, make_user


def make_session(user) -> Credential:
    client = make_client()
    client.force_login(user)
    return Credential(SESSION, client.cookies["sessionid"].value)


def test_many_credentials_take_the_queries_of_one(db):
    counts = []
    for number in (1, 20):
        users = [make_user() for _ in range(number)]
        sessions = {make_session(user): user for user in users}
        tokens = {Credential(TOKEN, Token.objects.create(user=user).key): user for user in users}
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
        Credential(TOKEN, "0" * 40),
        Credential(TOKEN, "1" * 40),
    ]


def test_values_that_cannot_be_a_key_are_left_out():
    assert parse_credentials({"sessionid": "a\0b", "token": "x" * 40}, "Token \0") == []
    assert parse_credentials({"sessionid": "é"}, "Basic abc") == []
