"""Who is let in, and who is let go."""

import time
from contextlib import suppress
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.authtoken.models import Token
from websockets.exceptions import InvalidStatus

from argus.auth.credentials import SESSION, TOKEN, Credential, credentials_of, holders_of
from argus.auth.models import User
from argus.auth.services import replace_token
from argus.ws import hub
from tests.factories import PASSWORD, make_client, make_incident, make_user
from tests.ws.server import following

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")


@pytest.fixture
def server(memory_layer, open_server):
    """Who is let in does not depend on the layer."""
    return open_server()


def login(user) -> dict[str, str]:
    """The headers of a browser in which the user has logged in."""
    client = make_client()
    client.force_login(user)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def is_let_in(server, token: str = "", **headers) -> bool:
    with suppress(InvalidStatus), following(server, token, headers=headers) as follower:
        return follower.subscribe()["type"] == "subscribed"
    return False


def test_session_token_cookie_and_header_let_in(server, as_user):
    key = as_user.token.key

    assert is_let_in(server, **login(as_user.user))
    assert is_let_in(server, Cookie=f"theme=dark; token={key}")
    assert is_let_in(server, Authorization=f"token  {key} ")
    assert is_let_in(server, Cookie=f"sessionid=gone; token={key}")
    assert is_let_in(server, key, Cookie="sessionid=gone; token=gone")


def test_strangers_are_refused_at_once(server, as_user):
    began = time.monotonic()
    for headers in (
        {},
        {"Cookie": "sessionid=abc; token=def"},
        {"Cookie": "sessionid=%00; token=%00"},
        {"Authorization": f"Bearer {as_user.token.key}"},
        {"Authorization": "Token"},
        {"Authorization": f"Token {'0' * 40}"},
    ):
        assert not is_let_in(server, **headers)

    # The handshake of 1.0 hung for five seconds each.
    assert time.monotonic() - began < 5


def test_dead_token_and_switched_off_account_are_refused(server, as_user):
    headers = login(as_user.user)
    as_user.user.is_active = False
    as_user.user.save()
    assert not is_let_in(server, as_user.token.key)
    assert not is_let_in(server, **headers)

    as_user.user.is_active = True
    as_user.user.save()
    assert is_let_in(server, as_user.token.key)
    Token.objects.update(created=timezone.now() - timedelta(days=15))
    assert not is_let_in(server, as_user.token.key)


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("https://argus.example.org", True),
        ("https://argus.example.org:8443", False),
        ("http://argus.example.org", False),
        ("https://evil.example.org", False),
        ("https://argus.example.org.evil.org", False),
        ("null", False),
        ("file://", False),
        ("http://[", False),
        ("http://localhost:3000", False),
    ],
)
def test_pages_of_foreign_origin_are_refused(server, settings, as_user, origin, welcome):
    settings.CORS_ALLOWED_ORIGINS = ["https://argus.example.org"]

    assert is_let_in(server, as_user.token.key, Origin=origin) is welcome


def test_own_pages_are_welcome_and_in_development_those_of_this_machine(server, settings, as_user):
    own = f"http://127.0.0.1:{server.port}"
    assert is_let_in(server, as_user.token.key, Origin=own)
    settings.ALLOWED_HOSTS = ["argus.example.org"]
    assert not is_let_in(server, as_user.token.key, Origin=own)

    settings.ARGUS_LOCAL_ORIGINS = True
    for origin in ("http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173"):
        assert is_let_in(server, as_user.token.key, Origin=origin)
    assert not is_let_in(server, as_user.token.key, Origin="http://evil.example.org")


def lose_by_logout(client):
    client.post("/api/v1/auth/logout/")


def lose_by_new_token(client):
    replace_token(client.user, actor=client.user)


def lose_by_being_switched_off(client):
    client.user.is_active = False
    client.user.save()


@pytest.mark.parametrize("lose", [lose_by_logout, lose_by_new_token, lose_by_being_switched_off])
def test_token_that_is_lost_takes_the_socket_along_at_once(server, monkeypatch, as_user, as_superuser, lose):
    monkeypatch.setattr(hub, "CHECK_EVERY", 3600)
    with following(server, as_user.token.key) as follower, following(server, as_superuser.token.key) as other:
        follower.subscribe()
        other.subscribe()
        lose(as_user)

        assert follower.close_code() == 4401
        make_incident()
        assert other.hear()["type"] == "created"


def test_session_that_ends_takes_the_socket_along_at_once(server, monkeypatch, as_browser):
    monkeypatch.setattr(hub, "CHECK_EVERY", 3600)
    headers = {"Cookie": f"sessionid={as_browser.cookies['sessionid'].value}"}
    with following(server, headers=headers) as follower:
        follower.subscribe()
        as_browser.logout()

        assert follower.close_code() == 4401


def test_new_password_ends_the_sockets_of_old_sessions(server, monkeypatch, as_user):
    monkeypatch.setattr(hub, "CHECK_EVERY", 3600)
    with following(server, headers=login(as_user.user)) as follower:
        follower.subscribe()
        as_user.user.set_password("another one")
        as_user.user.save()

        assert follower.close_code() == 4401


def lose_by_age(user):
    Token.objects.filter(user=user).update(created=timezone.now() - timedelta(days=15))


def lose_by_other_hands(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("lose", [lose_by_age, lose_by_other_hands])
def test_what_nobody_tells_this_process_is_found_by_looking(open_server, memory_layer, monkeypatch, as_user, lose):
    monkeypatch.setattr(hub, "CHECK_EVERY", 0.1)
    with following(open_server(), as_user.token.key) as follower:
        follower.subscribe()
        lose(as_user.user)

        assert follower.close_code() == 4401


def test_who_becomes_staff_has_to_come_back(server, as_user):
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        as_user.user.is_staff = True
        as_user.user.save()

        assert follower.close_code() == 1012
    with following(server, as_user.token.key) as follower:
        assert follower.subscribe()["stream"].endswith(".staff")


def test_login_of_the_same_user_elsewhere_changes_nothing(server, as_user):
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        assert make_client().login(username=as_user.user.username, password=PASSWORD)
        make_incident()

        assert follower.hear()["type"] == "created"


def test_any_number_of_credentials_is_checked_by_the_queries_of_one(db):
    def some(number: int) -> set[Credential]:
        users = [make_user() for _ in range(number)]
        sessions = {Credential(SESSION, login(user)["Cookie"].partition("=")[2]) for user in users}
        return sessions | {Credential(TOKEN, Token.objects.create(user=user).key) for user in users}

    counts = []
    for number in (1, 20):
        credentials = some(number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert set(holders_of(credentials)) == credentials
        counts.append(len(queries))
    assert counts[0] == counts[1] == 3


def test_session_that_is_no_login_holds_nobody(db):
    store = import_module(configured.SESSION_ENGINE).SessionStore()
    store["color"] = "red"
    store.save()

    assert holders_of([Credential(SESSION, store.session_key)]) == {}
    assert holders_of([]) == {}


def test_what_cannot_be_a_key_is_not_asked_for():
    assert credentials_of({"sessionid": "a\0b", "token": "x" * 40}, "Token \0") == []
    assert credentials_of({"sessionid": "é"}, "Basic abc") == []
