"""Alerts for tests, reported by the service that reports them in real life."""

from datetime import UTC, datetime, timedelta
from itertools import count

from argus.alert import services
from argus.alert.models import Alert, Severity
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident, IncidentTagRelation
from argus.incident.services import record_event
from argus.inventory.models import Scope
from tests.inventory.factories import make_project, make_staff

ALERTS = "/api/alerts/"
STATS = f"{ALERTS}stats/"
# Whole hours, so that tests can speak of them.
DAWN = datetime(2024, 5, 15, 6, tzinfo=UTC)

_numbers = count(1)


def make_alert(
    scope: Scope | None = None, *, actor=None, alert_type: str = "", severity: str = "Warning", message: str = "Hot."
) -> Alert:
    """An open alert, of a type of its own unless one is given."""
    return services.raise_alert(
        scope or make_project(),
        actor=actor or make_staff(),
        alert_type=alert_type or f"type{next(_numbers)}",
        severity=Severity.from_label(severity),
        message=message,
    )


def make_old_alert(scope: Scope | None = None, *, created: float, closed: float | None = None, **values) -> Alert:
    """An alert of another time; times are hours after ``DAWN``."""
    alert = make_alert(scope, **values)
    moments = [DAWN + timedelta(hours=hours) for hours in (created, closed or 0)]
    Incident.objects.filter(pk=alert.incident_id).update(start_time=moments[0])
    IncidentTagRelation.objects.filter(incident_id=alert.incident_id).update(start_time=moments[0])
    Alert.objects.filter(pk=alert.pk).update(created=moments[0])
    alert.refresh_from_db()
    if closed is not None:
        record_event(alert.incident, EventType.CLOSE, actor=make_staff(), timestamp=moments[1])
    return Alert.objects.get(pk=alert.pk)


def seconds(hours: float) -> str:
    """Spell so many hours after ``DAWN`` as the API asks for it."""
    return repr((DAWN + timedelta(hours=hours)).timestamp())


def link_of(scope: Scope, host: str = "http://testserver") -> str:
    return f"{host}/api/{scope.collection}/{scope.uuid.hex}/"


def address_of(alert: Alert, action: str = "") -> str:
    return f"{ALERTS}{alert.uuid.hex}/" + (f"{action}/" if action else "")


def report(scope: Scope, /, **changes) -> dict:
    """What is posted to report something of a scope. A change to ``...`` leaves the key out."""
    body = {"scope": link_of(scope), "alert_type": "overheated", "severity": "Warning", "message": "90 degrees."}
    return {key: value for key, value in (body | changes).items() if value is not ...}
