"""The queue of deliveries: claim, settle, postpone and retry them.

Each function is one short transaction. Workers claim deliveries under a lease: if a worker dies, another one takes
over when the lease has expired. A delivery waits for earlier ones about the same incident to the same address, so that
a user does not receive the end before the start.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.utils import timezone

from argus.incident.models import Change
from argus.util.rows import key_batches

from .media.message import with_message_parts
from .models import UNSETTLED, Delivery, DeliveryQuerySet, Reason, Verdict

DELETE_BATCH_SIZE = 1000
# How many due deliveries are examined for the age of the oldest one.
MAX_EXAMINED = 500
MAX_ERROR_LENGTH = 2000


@transaction.atomic
def claim(*, limit: int) -> list[Delivery]:
    """Lease up to ``limit`` due deliveries and count the attempt. They come with all that is needed to send them."""
    now = timezone.now()
    lease = now + timedelta(seconds=settings.ARGUS_NOTIFICATION_LEASE)
    ready = due_at(now).filter(~has_earlier()).order_by("due", "pk")
    ready = ready.select_for_update(of=("self",), skip_locked=True)
    claimed = list(with_message_parts(ready)[:limit])
    Delivery.objects.filter(pk__in=[one.pk for one in claimed]).update(leased_until=lease, attempts=F("attempts") + 1)
    for one in claimed:
        one.leased_until, one.attempts = lease, one.attempts + 1
    return claimed


def due_at(now: datetime) -> DeliveryQuerySet:
    """Return the deliveries that are due and not leased."""
    return Delivery.objects.unsettled().filter(Q(leased_until=None) | Q(leased_until__lte=now), due__lte=now)


def has_earlier() -> Exists:
    """Return the condition that an earlier delivery about the same incident to the same address is unsettled."""
    same_queue = {name: OuterRef(name) for name in ("incident", "medium", "address")}
    return Exists(Delivery.objects.unsettled().filter(**same_queue, pk__lt=OuterRef("pk")))


def settle(delivery: Delivery, verdict: Verdict, *, reason: Reason = Reason.NONE, error: str = "") -> None:
    """Store the final verdict of a claimed delivery."""
    _end_lease(delivery, verdict=verdict, reason=reason, last_error=error[:MAX_ERROR_LENGTH], settled=timezone.now())


def postpone(delivery: Delivery, error: str) -> None:
    """Schedule the next attempt with backoff; fail a delivery older than ``ARGUS_NOTIFICATION_MAX_AGE`` hours."""
    now = timezone.now()
    if now - delivery.created >= timedelta(hours=settings.ARGUS_NOTIFICATION_MAX_AGE):
        settle(delivery, Verdict.FAILED, error=error)
    else:
        due = now + retry_delay(delivery.attempts)
        _end_lease(delivery, verdict=Verdict.RETRYING, last_error=error[:MAX_ERROR_LENGTH], due=due)


def release(delivery: Delivery) -> None:
    """Return a claimed delivery that was not tried. It counts as no attempt."""
    _end_lease(delivery, attempts=delivery.attempts - 1)


def retry_delay(attempts: int) -> timedelta:
    """Return the delay after so many attempts: exponential backoff with jitter, up to a maximum."""
    seconds = settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY * 2 ** min(attempts - 1, 20)
    seconds = min(seconds, settings.ARGUS_NOTIFICATION_RETRY_MAX_DELAY)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.0))


def retry(deliveries: DeliveryQuerySet) -> int:
    """Make failed deliveries due again, as if they were new, and return their number."""
    now = timezone.now()
    return deliveries.filter(verdict=Verdict.FAILED).update(
        verdict=Verdict.PENDING, reason=Reason.NONE, due=now, created=now, settled=None, leased_until=None
    )


def next_due() -> datetime | None:
    """Return the next time in the future at which a delivery becomes due or a lease expires."""
    now = timezone.now()
    times = Delivery.objects.unsettled().aggregate(
        due=Min("due", filter=Q(due__gt=now)), lease=Min("leased_until", filter=Q(leased_until__gt=now))
    )
    return min(filter(None, times.values()), default=None)


def oldest_waiting() -> datetime | None:
    """Return since when the oldest unrouted event or due delivery has been waiting.

    Deliveries that wait for an earlier one do not count. Only the first due deliveries are examined, so a long queue
    costs no more than a short one.
    """
    event = Change.objects.unrouted().order_by("pk").values_list("created", flat=True).first()
    first = due_at(timezone.now()).order_by("due", "pk").values_list("pk", flat=True)[:MAX_EXAMINED]
    ready = Delivery.objects.filter(~has_earlier(), pk__in=list(first))
    delivery = ready.aggregate(due=Min("due"))["due"]
    return min(filter(None, (event, delivery)), default=None)


def prune_deliveries(before: datetime, *, batch_size: int = DELETE_BATCH_SIZE) -> int:
    """Delete settled deliveries that were created earlier, in small transactions, and return their number."""
    old = Delivery.objects.settled_before(before)
    return sum(delete_settled(keys) for keys in key_batches(old, size=batch_size))


def delete_settled(keys: list[int]) -> int:
    """Delete those of these deliveries that are still settled, and return their number."""
    return Delivery.objects.settled().filter(pk__in=keys).delete()[0]


def _end_lease(delivery: Delivery, **values: Any) -> None:
    """Store the values and end the lease. Without effect if another worker has taken the delivery over."""
    own = Delivery.objects.filter(pk=delivery.pk, leased_until=delivery.leased_until, verdict__in=UNSETTLED)
    own.update(leased_until=None, **values)
