"""From the outbox to the ledger, and from there to a verdict: leases, order, patience."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.utils import timezone

from argus.incident.models import Change, Event
from argus.notificationprofile import outbox
from argus.notificationprofile.models import Delivery, Reason, RoutingVersion, Verdict
from argus.notificationprofile.outbox import Router
from argus.notificationprofile.selection import Policy
from tests.factories import make_event, make_incident, make_user
from tests.notificationprofile.factories import make_line, make_profile
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
    return [one.pk for one in outbox.claim(limit=limit)]


def expire_leases() -> None:
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=timezone.now() - SECOND)


# From the outbox to the ledger


def test_event_and_its_entry_are_there_or_not_together(user):
    events, entries = Event.objects.count(), Change.objects.unrouted().count()

    with transaction.atomic():
        make_incident()
        transaction.set_rollback(True)
    assert (Event.objects.count(), Change.objects.unrouted().count()) == (events, entries)

    make_incident()
    assert (Event.objects.count(), Change.objects.unrouted().count()) == (events + 1, entries + 1)


def test_routing_turns_entries_into_lines_in_the_order_of_events(user):
    make_profile(user)
    incident = make_incident()
    for type in ("OTH", "CLO", "REO"):
        make_event(incident, type)

    assert Router().route(POLICY) == 4

    assert not Change.objects.unrouted().exists()
    assert list(Delivery.objects.order_by("pk").values_list("event", flat=True)) == sorted(
        incident.events.values_list("pk", flat=True)
    )
    assert Router().route(POLICY) == 0


def test_event_that_is_routed_again_is_told_once(user):
    make_profile(user)
    event = make_incident().events.get()
    Router().route(POLICY)
    Delivery.objects.update(verdict=Verdict.SENT)
    Change.objects.filter(event=event).update(routed=False)

    assert Router().route(POLICY) == 1

    assert Delivery.objects.get().verdict == Verdict.SENT


def test_routing_goes_on_after_all_rows_were_flushed(user):
    make_profile(user)
    make_incident()
    RoutingVersion.objects.all().delete()
    router = Router()

    router.route(POLICY)
    router.route(POLICY)

    assert Delivery.objects.count() == 1


def test_many_routers_at_once_route_each_event_once(parallel_db):
    RoutingVersion.objects.get_or_create(pk=1)
    make_profile(make_user())
    for _ in range(10):
        make_incident()

    routed = at_once(*[lambda: Router().route(POLICY)] * 4)

    assert sum(routed) == 10
    assert Delivery.objects.count() == 10


# Leases


def test_what_is_claimed_is_nobody_elses_until_the_lease_has_run_out(line):
    assert claimed_ids() == [line.pk]
    assert claimed_ids() == []

    expire_leases()

    assert claimed_ids() == [line.pk]
    line.refresh_from_db()
    assert line.attempts == 2


def test_lease_lasts_as_long_as_configured(line, settings):
    settings.ARGUS_NOTIFICATION_LEASE = 17
    before = timezone.now()

    (claimed,) = outbox.claim(limit=1)

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
        lambda mine: outbox.settle(mine, Verdict.FAILED, error="too late"),
        lambda mine: outbox.postpone(mine, "too late"),
        outbox.release,
    ],
)
def test_who_has_lost_a_lease_changes_nothing_any_more(line, settle):
    (mine,) = outbox.claim(limit=1)
    expire_leases()
    (theirs,) = outbox.claim(limit=1)

    settle(mine)

    line.refresh_from_db()
    assert (line.verdict, line.attempts, line.last_error) == (Verdict.PENDING, 2, "")
    assert line.leased_until == theirs.leased_until
    outbox.settle(theirs, Verdict.SENT)
    settle(mine)
    line.refresh_from_db()
    assert (line.verdict, line.leased_until) == (Verdict.SENT, None)


def test_what_is_put_back_was_never_tried(line):
    (claimed,) = outbox.claim(limit=1)

    outbox.release(claimed)

    line.refresh_from_db()
    assert (line.attempts, line.verdict, line.leased_until) == (0, Verdict.PENDING, None)
    assert claimed_ids() == [line.pk]


# Order


def test_retried_one_holds_back_the_later_ones_of_its_incident_and_address_only(user):
    incident, other_incident, other = make_incident(), make_incident(), make_user()
    later = make_event(incident)
    first = make_line(incident.events.earliest("pk"), user)
    held = make_line(later, user)
    free = [make_line(later, other), make_line(later, user, medium="SM"), make_line(other_incident.events.get(), user)]
    outbox.postpone(outbox.claim(limit=1)[0], "busy")

    assert claimed_ids() == [one.pk for one in free]

    Delivery.objects.filter(pk=first.pk).update(due=timezone.now())
    (again,) = outbox.claim(limit=10)
    assert again.pk == first.pk
    assert claimed_ids() == []
    outbox.settle(again, Verdict.SENT)
    assert claimed_ids() == [held.pk]


def test_what_fails_for_good_holds_back_nothing(user):
    incident = make_incident()
    make_line(incident.events.get(), user)
    second = make_line(make_event(incident), user)
    (first,) = outbox.claim(limit=10)

    outbox.settle(first, Verdict.FAILED, error="no such user")

    assert claimed_ids() == [second.pk]


# Patience


def test_pauses_double_up_to_a_limit_and_are_never_in_step(settings):
    settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY, settings.ARGUS_NOTIFICATION_RETRY_MAX_DELAY = 5, 300
    draws = {attempts: [outbox.pause_after(attempts) / SECOND for _ in range(200)] for attempts in range(1, 40)}

    for attempts, pauses in draws.items():
        whole = min(5 * 2 ** (attempts - 1), 300)
        assert whole * 0.75 <= min(pauses) < max(pauses) <= whole
    assert all(max(draws[one]) <= max(draws[next]) * 1.3 for one, next in pairwise(draws))


def test_postponed_one_is_due_after_its_pause(line, settings):
    settings.ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY = 100
    before = timezone.now()

    outbox.postpone(outbox.claim(limit=1)[0], "x" * 5000)

    line.refresh_from_db()
    assert before + 75 * SECOND <= line.due <= timezone.now() + 100 * SECOND
    assert (line.verdict, line.leased_until, line.settled) == (Verdict.RETRYING, None, None)
    assert line.last_error == "x" * outbox.LONGEST_ERROR
    assert outbox.next_due() == line.due
    assert claimed_ids() == []


def test_it_is_given_up_at_the_configured_age(line, settings):
    settings.ARGUS_NOTIFICATION_MAX_AGE = 2
    now = timezone.now()
    Delivery.objects.update(created=now - timedelta(hours=1, minutes=59))
    outbox.postpone(outbox.claim(limit=1)[0], "busy")
    line.refresh_from_db()
    assert line.verdict == Verdict.RETRYING

    Delivery.objects.update(created=now - timedelta(hours=2), due=now)
    outbox.postpone(outbox.claim(limit=1)[0], "still busy")

    line.refresh_from_db()
    assert (line.verdict, line.last_error, line.attempts) == (Verdict.FAILED, "still busy", 2)
    assert line.settled >= now


def test_failed_one_gets_another_life_and_what_is_not_failed_does_not(line, user):
    event = line.event
    sent = make_line(event, make_user(), verdict=Verdict.SENT)
    suppressed = make_line(event, make_user(), verdict=Verdict.SUPPRESSED, reason=Reason.FILTER)
    Delivery.objects.filter(pk=line.pk).update(
        verdict=Verdict.FAILED, settled=timezone.now(), created=timezone.now() - timedelta(days=9)
    )

    assert outbox.retry(Delivery.objects.all()) == 1

    outbox.postpone(outbox.claim(limit=10)[0], "busy")
    line.refresh_from_db()
    assert (line.verdict, line.settled) == (Verdict.RETRYING, None)
    for other in (sent, suppressed):
        verdict = other.verdict
        other.refresh_from_db()
        assert other.verdict == verdict


def test_worker_sleeps_until_something_falls_due_or_a_lease_runs_out(user):
    assert outbox.next_due() is None
    event, now = make_incident().events.get(), timezone.now()
    make_line(event, user, due=now + 9 * SECOND)
    leased = make_line(event, make_user(), leased_until=now + 5 * SECOND)
    # One that waits for another is nothing to stay awake for.
    make_line(make_event(event.incident), user)

    assert outbox.next_due() == leased.leased_until
    leased.delete()
    assert outbox.next_due() == now + 9 * SECOND
