"""How long a token lives: that of a person, and that of a machine, which nobody replaces by logging in.

What makes an account a machine's is for a floor above to say: that a row refers to it by ``AUTH_MACHINE_RELATION``.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from rest_framework.authtoken.models import Token


def expiry_of(token: Token) -> datetime:
    """Return when the token stops working. Whether its user is a machine should be at hand, or it is a query."""
    return token.created + lifetime(of_machine=hasattr(token.user, settings.AUTH_MACHINE_RELATION))


def lifetime(*, of_machine: bool) -> timedelta:
    return timedelta(days=settings.ARGUS_SOURCE_TOKEN_DAYS if of_machine else settings.AUTH_TOKEN_EXPIRES_AFTER_DAYS)


def has_expired(token: Token) -> bool:
    """Tell whether the token is too old to let anybody in."""
    return expiry_of(token) < timezone.now()


def is_expired() -> Q:
    """Return the same as a condition on tokens."""
    now, of_person = timezone.now(), Q(**{f"user__{settings.AUTH_MACHINE_RELATION}__isnull": True})
    expired = {of_machine: Q(created__lt=now - lifetime(of_machine=of_machine)) for of_machine in (False, True)}
    return (of_person & expired[False]) | (~of_person & expired[True])
