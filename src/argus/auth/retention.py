"""Tokens and sessions that have run out: nobody can use them any more."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.authtoken.models import Token

from .token_lifetime import is_expired


def expired_tokens() -> QuerySet[Token]:
    """Return the tokens that are too old, those of source systems included."""
    return Token.objects.filter(is_expired())


def expired_sessions() -> QuerySet[Session]:
    """Return the sessions whose time has run out."""
    return Session.objects.filter(expire_date__lt=timezone.now())


def delete_expired(rows: QuerySet, keys: list) -> int:
    """Delete those of these rows that are still expired; return how many there were."""
    return rows.filter(pk__in=keys).delete()[0]
