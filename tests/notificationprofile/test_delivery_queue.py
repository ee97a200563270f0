"""The queue of deliveries: leases, order, retries."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from argus.notificationprofile import delivery_queue
from argus.notificationprofile.models import Delivery, Reason, Verdict
from argus.notificationprofile.selection import Policy
from tests.factories import make_event, make_incident, make_user
from tests.notificationprofile.factories import make_line
from tests.parallel import at_once

POLICY = Policy(switched_on=True, configured=frozenset({"EM"}))
SECOND = timedelta(seconds=1)


@pytest.fixture
def user(db):
    return make_user()


@pytest.fixture
def line(user) -> Delivery:
    return make_line(make_incident().events.get(), user)


def claimed_ids(limit=50) -> list[int]:
    return [one.pk for one in delivery_queue.claim(limit=limit)]


def expire_leases() -> None:
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=timezone.now() - SECOND)


# Leases


def test_claimed_delivery_is_not_claimed_again_until_the_lease_expires(line):
    assert claimed_ids() == [line.pk]
    assert claimed_ids() == []

    expire_leases()

    assert claimed_ids() == [line.pk]
    line.refresh_from_db()
    assert line.attempts == 2


def test_lease_lasts_as_long_as_configured(line, settings):
    settings.ARGUS_NOTIFICATION_LEASE = 17
    before = timezone.now()

    (claimed,) = delivery_queue.claim(limit=1)

    assert before + 17 * SECOND <= claimed.leased_until <= timezone.now() + 17 * SECOND


def test_claimers_at_once_never_get_the_same_row(parallel_db):
    event = make_incident().events.get()
    lines = [make_line(event, make_user()).pk for _ in range(40)]

    claims = at_once(*[lambda: claimed_ids(limit=10)] * 8)

    claimed = [pk for some in claims for pk in some]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) | set(claimed_ids()) == set(lines)


@pytest.mark.parametrize(
    "settle",
    [
        lambda mine: delivery_queue.settle(mine, Verdict.FAILED, error="too late"),
        lambda mine: delivery_queue.postpone(mine, "too late"),
        delivery_queue.release,
    ],
)
def test_worker_without_the_lease_changes_nothing(line, settle):
    (mine,) = delivery_queue.claim(limit=1)
    expire_leases()
    (theirs,) = delivery_queue.claim(limit=1)

    settle(mine)

    line.refresh_from_db()
    assert (line.verdict, line.attempts, line.last_error) == (Verdict.PENDING, 2, "")
    assert line.leased_until == theirs.leased_until
    delivery_queue.settle(theirs, Verdict.SENT)
    settle(mine)
    line.refresh_from_db()
    assert (line.verdict, line.leased_until) == (Verdict.SENT, None)


def test_released_delivery_counts_no_attempt(line):
    (claimed,) = delivery_queue.claim(limit=1)

    delivery_queue.release(claimed)

    line.refresh_from_db()
    assert (line.attempts, line.verdict, line.leased_until) == (0, Verdict.PENDING, None)
    assert claimed_ids() == [line.pk]


# Order


def test_retried_delivery_delays_later_ones_of_its_incident_and_address_only(user):
    incident, other_incident, other = make_incident(), make_incident(), make_user()
    later = make_event(incident)
    first = make_line(incident.events.earliest("pk"), user)
    held = make_line(later, user)
    free = [make_line(later, other), make_line(later, user, medium="SM"), make_line(other_incident.events.get(), user)]
    delivery_queue.postpone(delivery_queue.claim(limit=1)[0], "busy")

    assert claimed_ids() == [one.pk for one in free]

    Delivery.objects.filter(pk=first.pk).update(due=timezone.now())
    (again,) = delivery_queue.claim(limit=10)
    assert again.pk == first.pk
    assert claimed_ids() == []
    delivery_queue.settle(again, Verdict.SENT)
    assert claimed_ids() == [held.pk]


def test_failed_delivery_delays_nothing(user):
    incident = make_incident()
    make_line(incident.events.get(), user)
    second = make_line(make_event(incident), user)
    (first,) = delivery_queue.claim(limit=10)

    delivery_queue.settle(first, Verdict.FAILED, error="no such user")

    assert claimed_ids() == [second.pk]


# Retries


def test_retry_delay_doubles_up_to_a_maximum_with_jitter(settings):
    settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY, settings.ARGUS_NOTIFICATION_RETRY_MAX_DELAY = 5, 300
    draws = {attempts: [delivery_queue.retry_delay(attempts) / SECOND for _ in range(200)] for attempts in range(1, 40)}

    for attempts, pauses in draws.items():
        whole = min(5 * 2 ** (attempts - 1), 300)
        assert whole * 0.75 <= min(pauses) < max(pauses) <= whole
    assert all(max(draws[one]) <= max(draws[next]) * 1.3 for one, next in pairwise(draws))


def test_postponed_delivery_is_due_after_its_delay(line, settings):
    settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY = 100
    before = timezone.now()

    delivery_queue.postpone(delivery_queue.claim(limit=1)[0], "x" * 5000)

    line.refresh_from_db()
    assert before + 75 * SECOND <= line.due <= timezone.now() + 100 * SECOND
    assert (line.verdict, line.leased_until, line.settled) == (Verdict.RETRYING, None, None)
    assert line.last_error == "x" * delivery_queue.MAX_ERROR_LENGTH
    assert delivery_queue.next_due() == line.due
    assert claimed_ids() == []


def test_delivery_fails_at_the_configured_age(line, settings):
    settings.ARGUS_NOTIFICATION_MAX_AGE = 2
    now = timezone.now()
    Delivery.objects.update(created=now - timedelta(hours=1, minutes=59))
    delivery_queue.postpone(delivery_queue.claim(limit=1)[0], "busy")
    line.refresh_from_db()
    assert line.verdict == Verdict.RETRYING

    Delivery.objects.update(created=now - timedelta(hours=2), due=now)
    delivery_queue.postpone(delivery_queue.claim(limit=1)[0], "still busy")

    line.refresh_from_db()
    assert (line.verdict, line.last_error, line.attempts) == (Verdict.FAILED, "still busy", 2)
    assert line.settled >= now


def test_retry_applies_to_failed_deliveries_only(line, user):
    event = line.event
    sent = make_line(event, make_user(), verdict=Verdict.SENT)
    suppressed = make_line(event, make_user(), verdict=Verdict.SUPPRESSED, reason=Reason.FILTER)
    Delivery.objects.filter(pk=line.pk).update(
        verdict=Verdict.FAILED, settled=timezone.now(), created=timezone.now() - timedelta(days=9)
    )

    assert delivery_queue.retry(Delivery.objects.all()) == 1

    delivery_queue.postpone(delivery_queue.claim(limit=10)[0], "busy")
    line.refresh_from_db()
    assert (line.verdict, line.settled) == (Verdict.RETRYING, None)
    for other in (sent, suppressed):
        verdict = other.verdict
        other.refresh_from_db()
        assert other.verdict == verdict


def test_next_due_is_the_next_due_time_or_end_of_a_lease(user):
    assert delivery_queue.next_due() is None
    event, now = make_incident().events.get(), timezone.now()
    make_line(event, user, due=now + 9 * SECOND)
    leased = make_line(event, make_user(), leased_until=now + 5 * SECOND)
    # One that waits for another is nothing to stay awake for.
    make_line(make_event(event.incident), user)

    assert delivery_queue.next_due() == leased.leased_until
    leased.delete()
    assert delivery_queue.next_due() == now + 9 * SECOND
