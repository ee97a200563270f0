"""Liveness and readiness probes: a process that works, and each part that may fail."""

from datetime import timedelta

import pytest
import requests
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from argus.incident.models import Change
from argus.notificationprofile.models import Verdict
from argus.site.monitoring import readiness
from tests.factories import make_event, make_incident, make_user
from tests.live import new_database, running_argus
from tests.notificationprofile.factories import make_line

HOUR = timedelta(hours=1)


@pytest.fixture
def switched_on(settings):
    settings.ARGUS_SEND_NOTIFICATIONS = True


@pytest.fixture
def line(db, switched_on):
    line = make_line(make_incident().events.get(), make_user())
    Change.objects.update(routed=True)
    return line


def test_liveness_probe_uses_no_database():
    # pytest-django refuses every query of a test that has not asked for a database.
    answer = Client().get("/healthz", headers={"host": "10.1.2.3:8000"})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_probes_need_no_host_no_tls_and_no_session(settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/healthz", headers={"host": "not.allowed.example.org"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert Client().post("/healthz").status_code == 405


def test_readiness_names_the_parts(argus):
    answer = requests.get(f"{argus.url}/readyz", headers={"Host": "load-balancer"}, timeout=10)

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "failing": [],
        "parts": {
            "database": "ok",
            "migrations": "ok",
            "notifications": "not configured",
            "channel layer": "not configured",
        },
    }


def test_recent_notifications_are_fine(line):
    assert readiness.notification_state() == "ok"


def test_late_event_fails(line):
    make_event(line.event.incident)
    Change.objects.unrouted().update(created=timezone.now() - HOUR)

    assert readiness.notification_state() == "something has been waiting for too long"


def test_late_delivery_fails(line, settings):
    type(line).objects.update(due=timezone.now() - HOUR)

    assert readiness.notification_state() == "something has been waiting for too long"
    settings.ARGUS_READY_NOTIFICATION_AGE = 2 * HOUR.total_seconds()
    assert readiness.notification_state() == "ok"


@pytest.mark.parametrize(
    "values",
    [
        {"leased_until": timezone.now() + HOUR},
        {"verdict": Verdict.SENT},
        {"verdict": Verdict.RETRYING, "due": timezone.now() + HOUR},
    ],
)
def test_claimed_settled_or_retried_delivery_is_fine(line, values):
    type(line).objects.update(**{"due": timezone.now() - HOUR, **values})

    assert readiness.notification_state() == "ok"


def test_delivery_behind_a_retried_one_is_fine(line):
    later = make_line(make_event(line.event.incident), line.user)
    Change.objects.update(routed=True)
    type(line).objects.filter(pk=line.pk).update(verdict=Verdict.RETRYING, due=timezone.now() + HOUR)
    type(line).objects.filter(pk=later.pk).update(due=timezone.now() - HOUR)

    assert readiness.notification_state() == "ok"


@pytest.mark.parametrize("number", [1, 50])
def test_check_for_late_notifications_takes_three_queries(line, number, django_assert_num_queries):
    for _ in range(number):
        make_line(make_incident().events.get(), line.user)

    with django_assert_num_queries(3):
        readiness.notification_state()


def test_nothing_is_late_if_notifications_are_off(line, settings):
    type(line).objects.update(due=timezone.now() - HOUR)
    settings.ARGUS_SEND_NOTIFICATIONS = False

    assert readiness.notification_state() == "not configured"


def test_missing_migration_fails(db, monkeypatch):
    monkeypatch.setattr(readiness, "applied", [])
    assert not readiness.lacks_migrations()
    readiness.applied.clear()
    MigrationRecorder.Migration.objects.filter(app="argus_notificationprofile").last().delete()

    assert readiness.lacks_migrations()


@pytest.mark.once
@pytest.mark.slow
def test_server_without_migrations_is_not_ready_unless_the_part_is_excluded():
    with new_database() as url, running_argus(url) as server:
        server.manage("migrate", "admin", "zero", "--verbosity=0")
        answer = requests.get(f"{server.url}/readyz", timeout=10)
        overlooked = requests.get(f"{server.url}/readyz?exclude=migrations,notifications", timeout=10)

    assert (answer.status_code, answer.json()["failing"]) == (503, ["migrations", "notifications"])
    assert (overlooked.status_code, overlooked.json()["failing"]) == (200, [])
