"""Authentication of long-lived connections, which is checked again while they last. Requests use ``authentication``.

Any number of credentials is checked with the queries of one.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from argus.util.authorization import parse_token

from .authentication import KEY
from .authtoken.models import digest_of
from .models import User
from .tokens import token_error, tokens_with_users

SESSION, TOKEN = "session", "token"
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class Credential(NamedTuple):
    """A session by its key, or a token by its digest: connections do not keep keys of tokens."""

    kind: str
    key: str


def parse_credentials(cookies: dict[str, str], authorization: str = "") -> list[Credential]:
    """Return the credentials of a handshake: session, ``token`` cookie, ``Authorization`` header, in this order.

    Values that cannot be a key are left out.
    """
    session, token = cookies.get(settings.SESSION_COOKIE_NAME, ""), cookies.get("token", "")
    sessions = [Credential(SESSION, session)] if session.isascii() and session.isalnum() else []
    keys = [token, parse_token(authorization) or ""]
    return sessions + [Credential(TOKEN, digest_of(key)) for key in keys if KEY.fullmatch(key)]


def find_users(credentials: Collection[Credential]) -> dict[Credential, User]:
    """Return the users of the valid credentials. At most three queries."""
    keys = {kind: {key for one, key in credentials if one == kind} for kind in (SESSION, TOKEN)}
    return _session_users(keys[SESSION]) | _token_users(keys[TOKEN])


def _token_users(digests: set[str]) -> dict[Credential, User]:
    if not digests:
        return {}
    tokens = tokens_with_users().filter(digest__in=digests)
    return {Credential(TOKEN, token.digest): token.user for token in tokens if not token_error(token)}


def _session_users(keys: set[str]) -> dict[Credential, User]:
    """Do what ``django.contrib.auth.get_user`` does, for many sessions, and without ending any."""
    if not keys:
        return {}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    ids = {data[SESSION_KEY] for data in sessions.values() if SESSION_KEY in data}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)} if ids else {}
    found = {key: (data, users.get(data.get(SESSION_KEY, ""))) for key, data in sessions.items()}
    return {Credential(SESSION, key): user for key, (data, user) in found.items() if user and _is_login(data, user)}


def _is_login(data: dict[str, Any], user: User) -> bool:
    """Return whether the session is a login that no change of password has ended."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    session_hash = data.get(HASH_SESSION_KEY, "")
    is_known = data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return is_known and any(constant_time_compare(session_hash, one) for one in hashes)


def is_allowed_origin(origin: str | None, host: str) -> bool:
    """Return whether a page of this ``Origin`` may connect to the server with this ``Host``.

    Browsers send cookies to other sites too, and always an Origin. Programs send none. Allowed are the frontend, the
    server's own host and, with ``ARGUS_LOCAL_ORIGINS``, every port of this machine.
    """
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return False
    if settings.ARGUS_LOCAL_ORIGINS and parts.hostname in LOCAL_NAMES:
        return True
    return parts.netloc.lower() == host.lower() and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
