"""Rows that logins leave behind, as many as strangers care to make: deleted once they mean nothing."""

import time
from datetime import timedelta
from threading import Lock

from django.contrib.sessions.models import Session
from django.db.models import ExpressionWrapper, F, IntegerField
from django.utils import timezone
from social_django.models import Association, Nonce

from .login_tries import forget_old_tries

# How often a process looks, and how many sessions it deletes at a time (each is a signal).
SECONDS_BETWEEN = 600
PORTION = 1_000
STATE_LIFETIME = timedelta(hours=1)

_lock = Lock()
_next_time = 0.0


def forget_leftovers() -> None:
    """Delete old tries, logins at a provider that were never finished, and sessions that have run out; now and then."""
    global _next_time
    with _lock:
        if time.monotonic() < _next_time:
            return
        _next_time = time.monotonic() + SECONDS_BETWEEN
    now = timezone.now()
    forget_old_tries(now)
    seconds = int(now.timestamp())
    ends = ExpressionWrapper(F("issued") + F("lifetime"), output_field=IntegerField())
    Association.objects.alias(ends=ends).filter(ends__lt=seconds).delete()
    Nonce.objects.filter(timestamp__lt=seconds - STATE_LIFETIME.total_seconds()).delete()
    old = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:PORTION]
    Session.objects.filter(pk__in=list(old)).delete()
