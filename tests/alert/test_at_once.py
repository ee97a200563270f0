"""Concurrent requests about an alert: one alert, one winner, no 500."""

from collections import Counter

import pytest

from argus.alert.models import Alert
from argus.incident.models import Acknowledgement, Event, Incident
from argus.inventory.deletion import delete_project
from tests.alert.factories import ALERTS, address_of, make_alert, report
from tests.factories import INCIDENTS, make_client
from tests.inventory.factories import make_project, make_staff
from tests.parallel import at_once

pytestmark = pytest.mark.usefixtures("parallel_db")


@pytest.fixture
def staff(parallel_db):
    return make_staff()


@pytest.fixture
def project(parallel_db):
    return make_project()


def poster(staff, path: str, body=None):
    """Return a call that posts and returns the answer."""
    client = make_client(staff)
    return lambda: client.post(path, body)


def statuses(answers: list) -> Counter:
    return Counter(getattr(answer, "status_code", answer) for answer in answers)


def assert_consistent() -> None:
    """Check that one alert of a type is open on a scope, and that each has one incident with one start."""
    assert max(Counter(Alert.objects.open().values_list("scope_uuid", "alert_type")).values(), default=1) == 1
    assert Alert.objects.count() == Incident.objects.count() == Event.objects.filter(type="STA").count()


@pytest.mark.parametrize("severities", [["Error"], ["Error", "Warning", "Info", "Debug"]])
def test_32_reports_at_once_open_one_alert(staff, project, severities):
    bodies = [report(project, severity=severities[n % len(severities)]) for n in range(32)]
    answers = at_once(*(poster(staff, ALERTS, body) for body in bodies))

    assert statuses(answers) == {201: 32}
    assert len({answer.json()["uuid"] for answer in answers}) == 1
    assert len({answer.json()["created"] for answer in answers}) == 1
    assert Event.objects.filter(type="STA").count() == 1
    if len(severities) == 1:
        assert Event.objects.count() == 1
    assert_consistent()


def test_reports_of_several_objects_at_once_open_one_alert_each(staff):
    projects = [make_project() for _ in range(8)]
    answers = at_once(*(poster(staff, ALERTS, report(project)) for project in projects for _ in range(3)))
    assert statuses(answers) == {201: 24}
    assert Alert.objects.count() == 8
    assert_consistent()


def test_one_of_many_acknowledgements_at_once_succeeds(staff, project):
    alert = make_alert(project)
    answers = at_once(*(poster(staff, address_of(alert, "acknowledge")) for _ in range(16)))
    assert statuses(answers) == {200: 1, 409: 15}
    assert Acknowledgement.objects.count() == 1

    answers = at_once(*(poster(staff, address_of(alert, "cancel_acknowledgment")) for _ in range(16)))
    assert statuses(answers) == {200: 1, 409: 15}
    assert Event.objects.count() == 3


def test_many_requests_at_once_close_an_alert_once(staff, project):
    alert = make_alert(project)
    answers = at_once(*(poster(staff, address_of(alert, "close")) for _ in range(12)))
    assert statuses(answers) == {204: 12}
    assert Event.objects.filter(type="CLO").count() == 1
    assert_consistent()


def test_closing_and_reports_at_once(staff, project):
    alert = make_alert(project, alert_type="overheated")
    reports = [poster(staff, ALERTS, report(project, severity=one)) for one in ("Error", "Info", "Error", "Debug")]
    answers = at_once(poster(staff, address_of(alert, "close")), *reports)
    assert statuses(answers) == {204: 1, 201: 4}
    assert Alert.objects.open().count() <= 1
    assert_consistent()


def test_reopening_and_reports_at_once(staff, project):
    alert = make_alert(project, alert_type="overheated")
    poster(staff, address_of(alert, "close"))()
    reopen = poster(staff, f"{INCIDENTS}{alert.incident_id}/events/", {"type": "REO"})
    answers = at_once(reopen, *(poster(staff, ALERTS, report(project)) for _ in range(6)))

    assert answers[0].status_code in {201, 400}
    assert statuses(answers[1:]) == {201: 6}
    assert Alert.objects.open().count() == 1
    reopened = answers[0].status_code == 201
    assert {answer.json()["uuid"] == alert.uuid.hex for answer in answers[1:]} == {reopened}
    assert_consistent()


def test_deletion_of_the_scope_and_reports_at_once(staff, project):
    make_alert(project, alert_type="overheated")

    def delete():
        delete_project(project, actor=staff)

    answers = at_once(delete, *(poster(staff, ALERTS, report(project)) for _ in range(6)))
    assert answers[0] is None
    assert set(statuses(answers[1:])) <= {201, 400}
    assert not Alert.objects.open().exists()
    assert not Alert.objects.filter(place_uuid__isnull=False).exists()
    assert_consistent()
