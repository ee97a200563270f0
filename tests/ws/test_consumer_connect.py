"""Which clients may connect, and when they are disconnected."""

import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from argus.auth.authtoken.models import Token
from argus.auth.credentials import find_users
from argus.auth.models import User
from argus.auth.services import replace_token
from argus.ws import sockets
from tests.factories import PASSWORD, make_client, make_incident
from tests.parallel import at_once
from tests.ws.server import connected, wait_until

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("error::ResourceWarning")]


@pytest.fixture
def patient_server(memory_layer, open_server):
    """A server without regular checks of credentials."""
    return open_server(credentials_check_interval=3600)


def login(user) -> dict[str, str]:
    """Return the headers of a browser in which the user has logged in."""
    client = make_client()
    client.force_login(user)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def is_accepted(server, token: str = "", **headers) -> bool:
    with suppress(InvalidStatus), connected(server, token, headers=headers) as client:
        return client.subscribe()["type"] == "subscribed"
    return False


def test_session_token_cookie_and_header_authenticate(server, as_user):
    key = as_user.token.key

    assert is_accepted(server, **login(as_user.user))
    assert is_accepted(server, Cookie=f"theme=dark; token={key}")
    assert is_accepted(server, Authorization=f"token  {key} ")
    assert is_accepted(server, Cookie=f"sessionid=gone; token={key}")
    assert is_accepted(server, key, Cookie="sessionid=gone; token=gone")


def test_invalid_credentials_are_refused_at_once(server, as_user):
    began = time.monotonic()
    for headers in (
        {},
        {"Cookie": "sessionid=abc; token=def"},
        {"Cookie": "sessionid=%00; token=%00"},
        {"Authorization": f"Basic {as_user.token.key}"},
        {"Authorization": "Token"},
        {"Authorization": f"Token {'0' * 40}"},
    ):
        assert not is_accepted(server, **headers)

    # The handshake of 1.0 hung for five seconds each.
    assert time.monotonic() - began < 5


def test_expired_token_and_deactivated_user_are_refused(server, as_user):
    headers = login(as_user.user)
    as_user.user.is_active = False
    as_user.user.save()
    assert not is_accepted(server, as_user.token.key)
    assert not is_accepted(server, **headers)

    as_user.user.is_active = True
    as_user.user.save()
    assert is_accepted(server, as_user.token.key)
    Token.objects.update(created=timezone.now() - timedelta(days=15))
    assert not is_accepted(server, as_user.token.key)


def test_connections_of_a_user_are_limited_and_those_of_others_are_not_affected(
    server, settings, as_user, as_superuser
):
    settings.ARGUS_MAX_WEBSOCKETS = 2
    browser = login(as_user.user)
    with connected(server, as_user.token.key) as first, connected(server, headers=browser):
        schemes = [{"Authorization": f"{scheme} {as_user.token.key}"} for scheme in ("Token", "Bearer")]
        for headers in (browser, *schemes):
            with connected(server, headers=headers) as third:
                with pytest.raises(ConnectionClosed) as end:
                    third.receive()
                assert end.value.rcvd.code == 4429
                assert end.value.rcvd.reason == "Your account has 2 connections, which is the limit."
        assert first.subscribe()["type"] == "subscribed"
        assert is_accepted(server, as_superuser.token.key)
    wait_until(lambda: not server.hub.sockets)
    assert is_accepted(server, as_user.token.key)

    settings.ARGUS_MAX_WEBSOCKETS = 0
    with connected(server, as_user.token.key), connected(server, as_user.token.key):
        assert is_accepted(server, as_user.token.key)


def test_connection_above_the_limit_is_refused_without_a_query(server, settings, monkeypatch, as_user):
    settings.ARGUS_MAX_WEBSOCKETS = 1
    lookups = []
    monkeypatch.setattr(sockets, "find_users", lambda shown: lookups.append(shown) or find_users(shown))
    with connected(server, as_user.token.key) as first:
        assert first.subscribe()["type"] == "subscribed"
        for _ in range(5):
            with connected(server, as_user.token.key) as other:
                assert other.close_code() == 4429

    assert len(lookups) == 1


def test_handshakes_at_the_same_time_share_the_queries(server, monkeypatch, as_user):
    """They also share them with handshakes that are refused, so made-up tokens do not delay users with a queue."""
    lookups = []

    def slow_find_users(shown):
        lookups.append(shown)
        time.sleep(0.3)
        return find_users(shown)

    monkeypatch.setattr(sockets, "find_users", slow_find_users)
    tokens = [as_user.token.key, *(f"{number:040}" for number in range(20))]
    accepted = at_once(*[partial(is_accepted, server, token) for token in tokens])

    assert accepted == [True] + [False] * 20
    assert len(lookups) <= 3


def test_foreign_origin_is_refused(server, as_user):
    assert is_accepted(server, as_user.token.key, Origin=f"http://127.0.0.1:{server.port}")
    assert not is_accepted(server, as_user.token.key, Origin="https://evil.example.org")


def lose_by_logout(client):
    client.post("/api/v1/auth/logout/")


def lose_by_new_token(client):
    replace_token(client.user, actor=client.user)


def lose_by_deactivation(client):
    client.user.is_active = False
    client.user.save()


@pytest.mark.parametrize("lose", [lose_by_logout, lose_by_new_token, lose_by_deactivation])
def test_revoked_token_closes_the_connection_at_once(patient_server, as_user, as_superuser, lose):
    with (
        connected(patient_server, as_user.token.key) as client,
        connected(patient_server, as_superuser.token.key) as other,
    ):
        client.subscribe()
        other.subscribe()
        lose(as_user)

        assert client.close_code() == 4401
        make_incident()
        assert other.receive()["type"] == "created"


def test_logout_closes_the_connection_of_the_session_at_once(patient_server, as_browser):
    headers = {"Cookie": f"sessionid={as_browser.cookies['sessionid'].value}"}
    with connected(patient_server, headers=headers) as client:
        client.subscribe()
        as_browser.logout()

        assert client.close_code() == 4401


def test_new_password_closes_the_connections_of_old_sessions(patient_server, as_user):
    with connected(patient_server, headers=login(as_user.user)) as client:
        client.subscribe()
        as_user.user.set_password("another one")
        as_user.user.save()

        assert client.close_code() == 4401


def lose_by_age(user):
    Token.objects.filter(user=user).update(created=timezone.now() - timedelta(days=15))


def lose_by_another_process(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("lose", [lose_by_age, lose_by_another_process])
def test_credentials_revoked_by_another_process_are_found_by_a_regular_check(memory_layer, open_server, as_user, lose):
    with connected(open_server(credentials_check_interval=0.1), as_user.token.key) as client:
        client.subscribe()
        lose(as_user.user)

        assert client.close_code() == 4401


def test_user_who_becomes_staff_has_to_reconnect(server, as_user):
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        as_user.user.is_staff = True
        as_user.user.save()

        assert client.close_code() == 1012
    with connected(server, as_user.token.key) as client:
        hidden = make_incident(restricted=True)
        assert [one["pk"] for one in client.subscribe()["start_incidents"]] == [hidden.pk]


def test_login_of_the_same_user_elsewhere_keeps_the_connection(server, as_user):
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        assert make_client().login(username=as_user.user.username, password=PASSWORD)
        make_incident()

        assert client.receive()["type"] == "created"
