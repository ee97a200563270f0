"""How long a token lives: that of a person, and that of a source system, which nobody replaces by logging in."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from rest_framework.authtoken.models import Token


def expiry_of(token: Token) -> datetime:
    """Return when the token stops working. Whether its user is a source should be at hand, or it is a query."""
    return token.created + lifetime(of_source=hasattr(token.user, "source_system"))


def lifetime(*, of_source: bool) -> timedelta:
    return timedelta(days=settings.ARGUS_SOURCE_TOKEN_DAYS if of_source else settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS)


def has_expired(token: Token) -> bool:
    """Tell whether the token is too old to let anybody in."""
    return expiry_of(token) < timezone.now()


def is_expired() -> Q:
    """Return the same as a condition on tokens."""
    now = timezone.now()
    of_people = Q(user__source_system__isnull=True, created__lt=now - lifetime(of_source=False))
    return of_people | Q(user__source_system__isnull=False, created__lt=now - lifetime(of_source=True))
