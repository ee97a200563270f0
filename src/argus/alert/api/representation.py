"""The representation of an alert, with exactly the keys of the specification."""

from datetime import UTC, datetime

from django.utils import timezone

from argus.api.links import Links
from argus.inventory.scopes import SCOPES

from ..models import Alert, Severity

COLLECTION = "alerts"


def represent_alert(alert: Alert, links: Links) -> dict:
    """Return an alert, whose incident is loaded, as a dictionary. No query."""
    incident = alert.incident
    is_deleted, end_time = alert.place_uuid is None, incident.end_time
    return {
        "url": links.to(COLLECTION, alert.uuid),
        "uuid": alert.uuid.hex,
        "alert_type": alert.alert_type,
        "message": incident.description,
        "severity": Severity(alert.severity).label,
        "scope": None if is_deleted else links.to(SCOPES[alert.scope_type].collection, alert.scope_uuid),
        "created": wire_moment(alert.created),
        "closed": wire_moment(end_time) if end_time and end_time <= timezone.now() else None,
        "context": alert.context,
        "acknowledged": incident.acked,
    }


def wire_moment(value: datetime) -> str:
    """Return an aware datetime as ISO 8601 in UTC, with milliseconds and a ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
