"""From the outbox to the ledger, and from the ledger to a verdict.

Each step is one short transaction, and any number of workers may take it at once. Rows are claimed under a lease: a
worker that dies loses nothing, another takes over when the lease has run out. A delivery waits for those before it
about the same incident to the same address, so that nobody reads of the end before the start.
"""

import random
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.utils import timezone

from argus.incident.models import Change
from argus.util.rows import key_batches

from .media.message import with_message_parts
from .models import UNSETTLED, Delivery, DeliveryQuerySet, Reason, RoutingVersion, Verdict
from .profile_cache import VERSION, Routing
from .selection import Policy, load_facts, select

EVENTS_AT_ONCE = 100
LONGEST_MEMORY = 60.0  # seconds
FORGOTTEN_AT_ONCE = 1000
EXAMINED_AT_ONCE = 500
LONGEST_ERROR = 2000


class Router:
    """Turns outbox entries into lines of the ledger; remembers the wishes from one time to the next."""

    def __init__(self):
        self.routing: Routing | None = None
        self.loaded = 0.0

    @transaction.atomic
    def route(self, policy: Policy) -> int:
        """Route the oldest entries and return how many; 0 if there are none, or if another worker is at it.

        Only one worker routes at a time, in the order of the outbox. It holds the wishes' version meanwhile, so no
        wish can change between reading it and writing down what came of it.
        """
        version = RoutingVersion.objects.select_for_update(skip_locked=True).filter(pk=VERSION)
        number = version.values_list("number", flat=True).first()
        if number is None:
            # Another worker has it, or "manage.py flush" has taken it away.
            RoutingVersion.objects.bulk_create([RoutingVersion(pk=VERSION)], ignore_conflicts=True)
            return 0
        changes = list(Change.objects.unrouted().order_by("pk").only("event_id", "request_id")[:EVENTS_AT_ONCE])
        if changes:
            routing, requests = self.profiles_at(number), {change.event_id: change.request_id for change in changes}
            lines = [line for facts in load_facts(requests) for line in select(facts, routing, policy)]
            for line in lines:
                line.request_id = requests[line.event_id]
            Delivery.objects.bulk_create(lines, ignore_conflicts=True, batch_size=500)
            Change.objects.filter(pk__in=[change.pk for change in changes]).update(routed=True)
        return len(changes)

    def profiles_at(self, version: int) -> Routing:
        """Return the wishes as they stand now, at this version.

        Once in a while they are loaded all the same: somebody may have changed them past Django, without counting it.
        """
        is_old = monotonic() - self.loaded > LONGEST_MEMORY
        if self.routing is None or self.routing.version != version or is_old:
            self.routing, self.loaded = Routing.load(version), monotonic()
        return self.routing


@transaction.atomic
def claim(*, limit: int) -> list[Delivery]:
    """Take up to ``limit`` deliveries that are due in hand, for as long as a lease lasts. Counts as an attempt.

    What is needed to send them is loaded with them.
    """
    now = timezone.now()
    lease = now + timedelta(seconds=settings.ARGUS_NOTIFICATION_LEASE)
    ready = due_now(now).filter(~has_one_before()).order_by("due", "pk")
    ready = ready.select_for_update(of=("self",), skip_locked=True)
    claimed = list(with_message_parts(ready)[:limit])
    Delivery.objects.filter(pk__in=[one.pk for one in claimed]).update(leased_until=lease, attempts=F("attempts") + 1)
    for one in claimed:
        one.leased_until, one.attempts = lease, one.attempts + 1
    return claimed


def due_now(now: datetime) -> DeliveryQuerySet:
    """Return the deliveries that are due and in nobody's hand."""
    return Delivery.objects.unsettled().filter(Q(leased_until=None) | Q(leased_until__lte=now), due__lte=now)


def has_one_before() -> Exists:
    """Ask of a delivery whether an earlier one about the same incident to the same address is still to be made."""
    same_queue = {name: OuterRef(name) for name in ("incident", "medium", "address")}
    return Exists(Delivery.objects.unsettled().filter(**same_queue, pk__lt=OuterRef("pk")))


def settle(delivery: Delivery, verdict: Verdict, *, reason: Reason = Reason.NONE, error: str = "") -> None:
    """Write down how it ended."""
    _write(delivery, verdict=verdict, reason=reason, last_error=error[:LONGEST_ERROR], settled=timezone.now())


def postpone(delivery: Delivery, error: str) -> None:
    """Plan the next attempt, ever later; give up when the delivery has grown too old."""
    now = timezone.now()
    if now - delivery.created >= timedelta(hours=settings.ARGUS_NOTIFICATION_MAX_AGE):
        settle(delivery, Verdict.FAILED, error=error)
    else:
        _write(
            delivery,
            verdict=Verdict.RETRYING,
            last_error=error[:LONGEST_ERROR],
            due=now + pause_after(delivery.attempts),
        )


def release(delivery: Delivery) -> None:
    """Put an untouched delivery back, as if it had never been claimed."""
    _write(delivery, attempts=delivery.attempts - 1)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: doubling up to a limit, and never in step with others."""
    longest = settings.ARGUS_NOTIFICATION_RETRY_MAX_DELAY
    seconds = min(settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY * 2 ** min(attempts - 1, 20), longest)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.0))


def retry(deliveries: DeliveryQuerySet) -> int:
    """Give failed deliveries another life, from now on, and return how many there were."""
    now = timezone.now()
    return deliveries.filter(verdict=Verdict.FAILED).update(
        verdict=Verdict.PENDING, reason=Reason.NONE, due=now, created=now, settled=None, leased_until=None
    )


def next_due() -> datetime | None:
    """Return the next moment at which a delivery falls due or a lease runs out.

    What could be taken now is left out: it is in hand, or it waits for one that is not due.
    """
    now = timezone.now()
    unsettled = Delivery.objects.unsettled()
    moments = unsettled.aggregate(
        due=Min("due", filter=Q(due__gt=now)), lease=Min("leased_until", filter=Q(leased_until__gt=now))
    )
    return min(filter(None, moments.values()), default=None)


def oldest_waiting() -> datetime | None:
    """Return since when the oldest of what nobody is in the way of has been waiting, be it an event or a delivery.

    Deliveries that wait for an earlier one do not count, however long that one is being retried. Of those that are
    due only the first are looked at, so that a long queue is no more work than a short one.
    """
    event = Change.objects.unrouted().order_by("pk").values_list("created", flat=True).first()
    first = due_now(timezone.now()).order_by("due", "pk").values_list("pk", flat=True)[:EXAMINED_AT_ONCE]
    ready = Delivery.objects.filter(~has_one_before(), pk__in=list(first))
    delivery = ready.aggregate(due=Min("due"))["due"]
    return min(filter(None, (event, delivery)), default=None)


def forget_before(moment: datetime) -> int:
    """Delete settled lines older than this, a portion per transaction, and return how many there were."""
    old = Delivery.objects.settled_before(moment)
    return sum(delete_settled(keys) for keys in key_batches(old, size=FORGOTTEN_AT_ONCE))


def delete_settled(keys: list[int]) -> int:
    """Delete those of these lines that are still settled; one that is to be tried again stays."""
    return Delivery.objects.settled().filter(pk__in=keys).delete()[0]


def _write(delivery: Delivery, **values) -> None:
    """Change a delivery that is still ours, and let go of it. One that another worker has taken over is left alone.

    This is done for each message. Composing it took Django longer than PostgreSQL to do it, hence the plain SQL.
    """
    changes = {"leased_until": None, **values}
    conditions = {"id": delivery.pk, "leased_until": delivery.leased_until}
    parameters = [
        Delivery._meta.get_field(name).get_db_prep_save(value, connection)
        for name, value in (*changes.items(), *conditions.items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Delivery._meta.db_table} SET {', '.join(f'{name} = %s' for name in changes)} "
            f"WHERE {' AND '.join(f'{name} = %s' for name in conditions)} AND verdict IN (%s, %s)",
            [*parameters, *UNSETTLED],
        )
