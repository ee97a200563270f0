"""By what a connection that lasts was let in, and whether that still holds. Requests have their own way to ask.

Any number of credentials is checked by the queries of one.
"""

from collections.abc import Collection
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .authentication import KEY
from .models import User
from .tokens import token_error, tokens_with_users

SESSION, TOKEN = "session", "token"


class Credential(NamedTuple):
    """A session or a token, by its key."""

    kind: str
    key: str


def credentials_of(cookies: dict[str, str], authorization: str = "") -> list[Credential]:
    """Return what a client has shown: its session, the frontend's ``token`` cookie, the header, in this order.

    What cannot be a key is left out.
    """
    session, token = cookies.get(settings.SESSION_COOKIE_NAME, ""), cookies.get("token", "")
    word, _, header = authorization.strip().partition(" ")
    shown = [Credential(SESSION, session)] if session.isascii() and session.isalnum() else []
    keys = [token, header.strip() if word.lower() == "token" else ""]
    return shown + [Credential(TOKEN, key) for key in keys if KEY.fullmatch(key)]


def holders_of(credentials: Collection[Credential]) -> dict[Credential, User]:
    """Return whose the credentials are; those that do not hold, or not any more, are left out."""
    keys = {kind: {key for one, key in credentials if one == kind} for kind in (SESSION, TOKEN)}
    return _session_holders(keys[SESSION]) | _token_holders(keys[TOKEN])


def _token_holders(keys: set[str]) -> dict[Credential, User]:
    tokens = tokens_with_users().filter(key__in=keys) if keys else []
    return {Credential(TOKEN, token.key): token.user for token in tokens if not token_error(token)}


def _session_holders(keys: set[str]) -> dict[Credential, User]:
    """As ``django.contrib.auth.get_user`` judges sessions, but many at a time, and none is ended by looking at it."""
    if not keys:
        return {}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    ids = {data[SESSION_KEY] for data in sessions.values() if SESSION_KEY in data}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)} if ids else {}
    found = {key: (data, users.get(data.get(SESSION_KEY))) for key, data in sessions.items()}
    return {Credential(SESSION, key): user for key, (data, user) in found.items() if user and _is_login(data, user)}


def _is_login(data: dict, user: User) -> bool:
    """Whether the session's data are those of a login that a change of password has not undone."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    shown = data.get(HASH_SESSION_KEY, "")
    known = data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return known and any(constant_time_compare(shown, one) for one in hashes)
