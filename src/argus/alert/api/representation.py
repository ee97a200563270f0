"""How an alert looks to every client: exactly the keys of the seed document."""

from datetime import UTC, datetime

from django.utils import timezone

from argus.api.links import Links
from argus.inventory.scopes import SCOPES

from ..models import Alert, Severity

COLLECTION = "alerts"


def represent_alert(alert: Alert, links: Links) -> dict:
    """Show an alert, whose incident is loaded. No query."""
    incident = alert.incident
    is_gone = alert.place_uuid is None
    return {
        "url": links.to(COLLECTION, alert.uuid),
        "uuid": alert.uuid.hex,
        "alert_type": alert.alert_type,
        "message": incident.description,
        "severity": Severity(alert.severity).label,
        "scope": None if is_gone else links.to(SCOPES[alert.scope_type].collection, alert.scope_uuid),
        "created": wire_moment(alert.created),
        "closed": wire_moment(incident.end_time) if incident.end_time <= timezone.now() else None,
        "context": alert.context,
        "acknowledged": incident.acked,
    }


def wire_moment(value: datetime) -> str:
    """Spell an aware datetime in UTC, with milliseconds and a ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
