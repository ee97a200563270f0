"""Delete rows of logins that no longer mean anything: attempts, sessions, tokens, unfinished logins at a provider."""

import time
from datetime import datetime, timedelta
from threading import Lock

from django.contrib.sessions.models import Session
from django.db.models import ExpressionWrapper, F, IntegerField, QuerySet
from django.utils import timezone
from social_django.models import Association, Nonce

from .authtoken.models import Token
from .models import LoginAttempts
from .tokens import is_expired

LOGIN_ATTEMPT_RETENTION = timedelta(hours=24)
# How long a login at a provider may take.
PROVIDER_LOGIN_TIMEOUT = timedelta(hours=1)
# How often a process deletes old rows, in seconds, and how many sessions at a time (each sends signals).
PRUNE_INTERVAL = 600
MAX_SESSIONS = 1_000

_lock = Lock()
_next_prune = 0.0


def prune_login_rows() -> None:
    """Delete old rows, at most once in ``PRUNE_INTERVAL`` in each process.

    Called by logins, because anonymous clients can create such rows at any rate.
    """
    global _next_prune
    with _lock:
        if time.monotonic() < _next_prune:
            return
        _next_prune = time.monotonic() + PRUNE_INTERVAL
    delete_old_login_rows(timezone.now())


def delete_old_login_rows(now: datetime) -> None:
    """Delete old login attempts, unfinished logins at a provider, and some of the expired sessions."""
    LoginAttempts.objects.filter(last_attempt__lt=now - LOGIN_ATTEMPT_RETENTION).delete()
    seconds = int(now.timestamp())
    ends = ExpressionWrapper(F("issued") + F("lifetime"), output_field=IntegerField())
    Association.objects.alias(ends=ends).filter(ends__lt=seconds).delete()
    Nonce.objects.filter(timestamp__lt=seconds - PROVIDER_LOGIN_TIMEOUT.total_seconds()).delete()
    old = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:MAX_SESSIONS]
    Session.objects.filter(pk__in=list(old)).delete()


def expired_tokens() -> QuerySet[Token]:
    """Return the expired tokens, those of service accounts included."""
    return Token.objects.filter(is_expired())


def expired_sessions() -> QuerySet[Session]:
    """Return the expired sessions."""
    return Session.objects.filter(expire_date__lt=timezone.now())


def delete_expired(rows: QuerySet, keys: list) -> int:
    """Delete those of these rows that are still expired; return their number."""
    return rows.filter(pk__in=keys).delete()[0]
