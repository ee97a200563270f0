"""How often passwords are tried: who has to wait before the next try, and for how long.

Every try is counted before its password is looked at, under a lock, so those made at the same moment count one by one,
in however many processes. One that was right is taken back. Names of no account are treated like all others.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

LONGEST_NAME = 150
# Tries older than this are forgotten. A name that was tried so often from all addresses together is under attack.
MEMORY = timedelta(hours=24)
ATTACK = 100
FIRST_PAUSE = timedelta(seconds=5)
# The name in the row that counts all tries from an address.
ANY = ""


@dataclass(frozen=True)
class Limit:
    """Some tries are free. After each of the others there is a pause, twice as long as the one before."""

    free: int
    longest: timedelta

    def pause(self, tries: int) -> timedelta:
        if tries < self.free:
            return timedelta(0)
        return min(self.longest, FIRST_PAUSE * 2 ** min(tries - self.free, 30))


# Many people may share an address, so after its free tries it is slowed down, not shut out.
PER_ADDRESS = Limit(settings.ARGUS_LOGIN_TRIES_PER_ADDRESS, timedelta(minutes=1))
PER_NAME = Limit(settings.ARGUS_LOGIN_TRIES, timedelta(minutes=15))
# From an address that has not tried the name before, the right password still gets in.
UNDER_ATTACK = Limit(1, timedelta(minutes=15))


def take_turn(username: str, address: str, *, now: datetime | None = None) -> timedelta:
    """Count a try of a password for the name from the address, and return zero; or return how long to wait.

    A try that came too early is not counted, so waiting is all that helps, and always does.
    """
    now, rows = now or timezone.now(), []
    with transaction.atomic():
        # The address first: one that has to wait cannot fill the table with names.
        for name in dict.fromkeys([ANY, plain(username)]):
            row = lock_row(name, address, now)
            if pause := pause_of(row, now):
                return pause
            rows.append(row.pk)
        tries = F("failures_since_start") + 1
        AccessAttempt.objects.filter(pk__in=rows).update(failures_since_start=tries, attempt_time=now)
    return timedelta(0)


def take_back(username: str, address: str) -> None:
    """The last try was right: forget the name's tries from this address, and this one of the address itself."""
    tries = AccessAttempt.objects.filter(ip_address=address, user_agent="", failures_since_start__gt=0)
    tries.filter(username=plain(username)).exclude(username=ANY).update(failures_since_start=0)
    tries.filter(username=ANY).update(failures_since_start=F("failures_since_start") - 1)


def forget_old_tries(now: datetime) -> None:
    """Delete what no longer counts."""
    AccessAttempt.objects.filter(attempt_time__lt=now - MEMORY).delete()


def lock_row(name: str, address: str, now: datetime) -> AccessAttempt:
    """Return the row of the name and the address, locked; make it if it is missing, and begin anew if it is old."""
    key = {"username": name, "ip_address": address, "user_agent": ""}
    row = None
    while row is None:  # a row that is old may be deleted in between
        AccessAttempt.objects.bulk_create([AccessAttempt(**key, failures_since_start=0)], ignore_conflicts=True)
        row = AccessAttempt.objects.select_for_update().filter(**key).first()
    if row.attempt_time < now - MEMORY:
        row.failures_since_start = 0
        row.save(update_fields=["failures_since_start"])
    return row


def pause_of(row: AccessAttempt, now: datetime) -> timedelta:
    """Return how long it is until the next try; zero if it may be made now."""
    tries = row.failures_since_start
    pause = PER_ADDRESS.pause(tries) if row.username == ANY else limit_for(row, now).pause(tries)
    return max(timedelta(0), row.attempt_time + pause - now) if pause else pause


def limit_for(row: AccessAttempt, now: datetime) -> Limit:
    everywhere = AccessAttempt.objects.filter(username=row.username, attempt_time__gte=now - MEMORY)
    tries = everywhere.aggregate(tries=Sum("failures_since_start"))["tries"]
    return UNDER_ATTACK if tries and tries >= ATTACK else PER_NAME


def plain(username: str) -> str:
    """Return one spelling of a name for all that may be the same one: letters of any case, width or composition."""
    storable = username.encode(errors="replace").decode().replace("\x00", "")
    return unicodedata.normalize("NFKC", storable).casefold().strip()[:LONGEST_NAME]
