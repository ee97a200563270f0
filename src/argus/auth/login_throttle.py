"""Throttle password logins: count attempts, and refuse further ones for a while.

Attempts are counted for each pair of user name and client address, and for each address. An attempt is counted under a
row lock before its password is checked, so parallel attempts count one by one in any number of processes. A successful
login takes its attempt back. Unknown user names are treated exactly like existing ones.

``ThrottleBackend`` stands before the other authentication backends, ``LoginThrottleMiddleware`` turns its refusal into
429. Logins at a provider and tokens bring no password and are not throttled.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from argus.api.errors import is_api_request
from argus.http.client_ip import client_address

from .models import LoginAttempts, User
from .retention import LOGIN_ATTEMPT_RETENTION, prune_login_rows

MAX_NAME_LENGTH = LoginAttempts._meta.get_field("username").max_length
# A name that was tried this often from all addresses together is under attack.
ATTACK_THRESHOLD = 100
INITIAL_DELAY = timedelta(seconds=5)
# The name in the row that counts all attempts from an address.
ANY_NAME = ""


@dataclass(frozen=True)
class Limit:
    """A number of free attempts. After each further one there is a delay, twice as long as the one before."""

    free: int
    max_delay: timedelta

    def delay(self, attempts: int) -> timedelta:
        """Return how long to wait after this many attempts."""
        if attempts < self.free:
            return timedelta(0)
        return min(self.max_delay, INITIAL_DELAY * 2 ** min(attempts - self.free, 30))


# Many people may share an address, so it is slowed down, not locked out.
PER_ADDRESS = Limit(settings.ARGUS_LOGIN_TRIES_PER_ADDRESS, timedelta(minutes=1))
PER_NAME = Limit(settings.ARGUS_LOGIN_TRIES, timedelta(minutes=15))
# From an address that has not tried the name before, the right password still works.
UNDER_ATTACK = Limit(1, timedelta(minutes=15))


class ThrottleBackend:
    """Refuse a password before another backend checks it. Calls of ``authenticate`` without a request are exempt.

    It has no ``get_user``, so no session is ever opened by it.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> None:
        if request is None or username is None or password is None:
            return
        prune_login_rows()
        if delay := count_attempt(username, client_address(request)):
            request.login_delay = delay  # type: ignore[attr-defined]
            raise PermissionDenied("Too many login attempts.")


class LoginThrottleMiddleware:
    """Answer 429 with ``Retry-After`` in place of what the login view made of the refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        delay = getattr(request, "login_delay", None)
        return too_many_attempts(request, delay) if delay else response


def too_many_attempts(request: HttpRequest, delay: timedelta) -> HttpResponse:
    """Return the refusal: JSON for the API, a page for the admin."""
    seconds = ceil(delay.total_seconds())
    response: HttpResponse
    if is_api_request(request):
        response = JsonResponse({"detail": f"Too many login attempts. Try again in {seconds} seconds."}, status=429)
    else:
        response = render(request, "login_throttled.html", {"seconds": seconds}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def count_attempt(username: str, address: str, *, now: datetime | None = None) -> timedelta:
    """Count an attempt for the name from the address and return zero, or return how long to wait.

    An attempt during the delay is not counted, so it does not make the delay longer. Locks both rows.
    """
    now, counted = now or timezone.now(), []
    with transaction.atomic():
        # The address first: an address that has to wait cannot fill the table with names.
        for name in dict.fromkeys([ANY_NAME, normalize_name(username)]):
            row = lock_row(name, address, now)
            if delay := remaining_delay(row, now):
                return delay
            counted.append(row.pk)
        LoginAttempts.objects.filter(pk__in=counted).update(attempts=F("attempts") + 1, last_attempt=now)
    return timedelta(0)


@receiver(user_logged_in)
def reset_after_login(sender: type[User], request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Forget the attempts for this name from this address, and take one attempt of the address back."""
    address = client_address(request)
    rows = LoginAttempts.objects.filter(address=address, attempts__gt=0)
    rows.filter(username=normalize_name(user.get_username())).exclude(username=ANY_NAME).update(attempts=0)
    rows.filter(username=ANY_NAME).update(attempts=F("attempts") - 1)


def find_attempts(*, username: str | None = None, address: str | None = None) -> QuerySet[LoginAttempts]:
    """Return the counts of attempts, or those for the name, or from the address."""
    rows = LoginAttempts.objects.all()
    if username is not None:
        rows = rows.filter(username=normalize_name(username))
    return rows if address is None else rows.filter(address=address)


def lock_row(name: str, address: str, now: datetime) -> LoginAttempts:
    """Return the locked row of the name and the address. Create it if it is missing, reset it if it is outdated."""
    row = None
    while row is None:  # pruning may delete an outdated row in between
        new = LoginAttempts(username=name, address=address, last_attempt=now)
        LoginAttempts.objects.bulk_create([new], ignore_conflicts=True)
        row = LoginAttempts.objects.select_for_update().filter(username=name, address=address).first()
    if row.last_attempt < now - LOGIN_ATTEMPT_RETENTION:
        row.attempts = 0
        row.save(update_fields=["attempts"])
    return row


def remaining_delay(row: LoginAttempts, now: datetime) -> timedelta:
    """Return how long it is until the next attempt; zero if it may be made now."""
    limit = PER_ADDRESS if row.username == ANY_NAME else limit_for(row.username, now)
    delay = limit.delay(row.attempts)
    return max(timedelta(0), row.last_attempt + delay - now) if delay else delay


def limit_for(name: str, now: datetime) -> Limit:
    """Return the limit of a name, which is stricter under an attack from many addresses."""
    everywhere = LoginAttempts.objects.filter(username=name, last_attempt__gte=now - LOGIN_ATTEMPT_RETENTION)
    attempts = everywhere.aggregate(total=Sum("attempts"))["total"]
    return UNDER_ATTACK if attempts and attempts >= ATTACK_THRESHOLD else PER_NAME


def normalize_name(username: str) -> str:
    """Return one spelling for all that may mean the same name: letters of any case, width or composition.

    Names beyond the maximum length, which no user has, are cut first: normalizing takes quadratic time.
    """
    storable = username[:MAX_NAME_LENGTH].encode(errors="replace").decode().replace("\x00", "")
    return unicodedata.normalize("NFKC", storable).casefold().strip()[:MAX_NAME_LENGTH]
