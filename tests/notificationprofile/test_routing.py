"""Routing events from the change feed to deliveries."""

import threading
import time

import pytest
from django.db import connection, transaction

from argus.incident.models import Change, Event
from argus.notificationprofile.models import Delivery, NotificationProfile, ProfileVersion, Verdict
from argus.notificationprofile.routing import Router
from argus.notificationprofile.selection import Policy
from tests.factories import make_event, make_incident, make_source, make_user
from tests.notificationprofile.factories import make_profile
from tests.parallel import at_once

POLICY = Policy(switched_on=True, configured=frozenset({"EM"}))


@pytest.fixture
def user(db):
    return make_user()


def test_event_and_its_change_are_committed_together(user):
    events, unrouted = Event.objects.count(), Change.objects.unrouted().count()

    with transaction.atomic():
        make_incident()
        transaction.set_rollback(True)
    assert (Event.objects.count(), Change.objects.unrouted().count()) == (events, unrouted)

    make_incident()
    assert (Event.objects.count(), Change.objects.unrouted().count()) == (events + 1, unrouted + 1)


def test_events_are_routed_in_their_order(user):
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


def test_event_that_is_routed_again_has_one_delivery(user):
    make_profile(user)
    event = make_incident().events.get()
    Router().route(POLICY)
    Delivery.objects.update(verdict=Verdict.SENT)
    Change.objects.filter(event=event).update(routed=False)

    assert Router().route(POLICY) == 1

    assert Delivery.objects.get().verdict == Verdict.SENT


def test_routing_continues_after_flush(user):
    make_profile(user)
    make_incident()
    ProfileVersion.objects.all().delete()
    router = Router()

    router.route(POLICY)
    router.route(POLICY)

    assert Delivery.objects.count() == 1


def test_concurrent_routers_route_each_event_once(parallel_db):
    ProfileVersion.objects.get_or_create(pk=1)
    make_profile(make_user())
    for _ in range(10):
        make_incident()

    routed = at_once(*[lambda: Router().route(POLICY)] * 4)

    assert sum(routed) == 10
    assert Delivery.objects.count() == 10


@pytest.mark.parametrize("what", ["profile", "user"])
def test_deletion_during_routing_does_not_deadlock(parallel_db, what):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no row locks.")
    ProfileVersion.objects.get_or_create(pk=1)
    profile = make_profile(make_user())
    row = profile if what == "profile" else profile.user
    make_incident()
    is_routed = threading.Event()

    def route():
        with transaction.atomic():
            routed = Router().route(POLICY)
            is_routed.set()
            # Give the deletion time to reach the lock.
            time.sleep(0.5)
        return routed

    def delete():
        is_routed.wait(30)
        with transaction.atomic():
            row.delete()

    assert at_once(route, delete) == [1, None]
    assert not NotificationProfile.objects.exists()
    assert Delivery.objects.count() == (1 if what == "profile" else 0)


def test_event_that_commits_late_is_routed(parallel_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")
    ProfileVersion.objects.get_or_create(pk=1)
    make_profile(make_user())
    source = make_source()
    is_written, is_routed = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            incident = make_incident(source)
            is_written.set()
            is_routed.wait(30)
        return incident.pk

    def route():
        is_written.wait(30)
        make_incident(source)
        routed = [Router().route(POLICY)]
        is_routed.set()
        return routed

    late, routed = at_once(write, route)

    assert (routed, Router().route(POLICY)) == ([1], 1)
    assert Delivery.objects.filter(incident=late).count() == 1
    assert not Change.objects.unrouted().exists()


def test_router_killed_before_its_commit_leaves_the_events_to_the_next(parallel_db):
    ProfileVersion.objects.get_or_create(pk=1)
    make_profile(make_user())
    make_incident()

    with transaction.atomic():
        assert Router().route(POLICY) == 1
        transaction.set_rollback(True)

    assert not Delivery.objects.exists()
    assert Router().route(POLICY) == 1
    assert Delivery.objects.count() == 1
