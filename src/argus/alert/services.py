"""The services that raise and change alerts. The services of the incident app do all that changes an incident.

Each function is one transaction. Locks are taken in the order scope, incident, alert. ``actor`` is the user who makes
the change; refusals are ``DomainError``. A source system's account acts like a user here: what it may do follows from
what it sees, not from the incidents that it has posted.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from argus.auth.models import User
from argus.incident import services as incidents
from argus.incident.creation import OpenKeyTakenError, create_incident
from argus.incident.lifecycle import EventType, Party, StateError
from argus.incident.models import Event, Incident
from argus.incident.sources import get_internal_source
from argus.inventory.models import Scope
from argus.inventory.permissions import check_is_staff
from argus.inventory.scopes import ScopeParents, get_parents
from argus.inventory.services import lock_row
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name
from argus.util.rows import in_batches

from .context import build_context
from .models import Alert, Severity

# The source by which all alerts are posted.
SOURCE_NAME = "alerts"
# A concurrent reopening of an older alert makes an attempt fail; the next one updates that alert.
MAX_ATTEMPTS = 5


def raise_alert(scope: Scope, *, actor: User, alert_type: str, severity: Severity, message: str) -> Alert:
    """Open an alert on the scope or, if one of this type is open, update it.

    Concurrent reports of the same return the same alert. An update that changes nothing records no event.
    """
    check_is_staff(actor)
    report = partial(_open_or_update, scope, actor, alert_type=alert_type, severity=severity, message=message)
    for _ in range(MAX_ATTEMPTS - 1):
        with suppress(OpenKeyTakenError):
            return report()
    return report()


@transaction.atomic
def _open_or_update(scope: Scope, actor: User, *, alert_type: str, severity: Severity, message: str) -> Alert:
    lock_row(scope, field="scope")
    parents = get_parents(scope)
    holders = Alert.objects.select_related("incident").filter(incident__open_key=open_key(scope, alert_type))
    alert = holders.filter(incident__end_time__gt=timezone.now()).order_by("pk").last()
    incident = alert and incidents.lock_incident(alert.incident)
    if alert and incident and incident.open:
        return _update(alert, incident, scope, parents, actor=actor, severity=severity, message=message)
    alert = _open(scope, parents, alert_type=alert_type, severity=severity, message=message)
    # The events of the incident name Argus' own source as the actor.
    audit("raised", log_name(alert), actor=actor, incident=alert.incident_id)
    return alert


def open_key(scope: Scope, alert_type: str) -> str:
    """Return the key of the incident: one alert of a type can be open on a scope."""
    return f"alert:{scope.uuid.hex}:{alert_type}"


def _open(scope: Scope, parents: ScopeParents, *, alert_type: str, severity: Severity, message: str) -> Alert:
    source, uuid, now = get_internal_source(SOURCE_NAME), uuid4(), timezone.now()
    # To the millisecond, as the API shows it: a filter by a time that was shown finds the alert.
    created = now.replace(microsecond=now.microsecond // 1000 * 1000)
    incident = create_incident(
        source,
        actor=source.user,
        start_time=created,
        end_time=INFINITY,
        source_incident_id=uuid.hex,
        description=message,
        tags=tags_for(scope, parents, alert_type=alert_type, severity=severity),
        restricted=True,
        open_key=open_key(scope, alert_type),
    )
    return Alert.objects.create(
        uuid=uuid,
        incident=incident,
        created=created,
        alert_type=alert_type,
        severity=severity,
        scope_type=scope.kind,
        scope_uuid=scope.uuid,
        place_uuid=(parents.project or scope).uuid,
        context=build_context(scope, parents),
    )


def _update(
    alert: Alert,
    incident: Incident,
    scope: Scope,
    parents: ScopeParents,
    *,
    actor: User,
    severity: Severity,
    message: str,
) -> Alert:
    old, context = Severity(alert.severity), build_context(scope, parents)
    description = describe_update(old, severity, incident.description, message)
    if description or context != alert.context:
        alert.severity, alert.context = severity, context
        alert.save(update_fields=["severity", "context"])
        audit("changed", log_name(alert), actor=actor, incident=incident.pk)
    tags = tags_for(scope, parents, alert_type=alert.alert_type, severity=severity)
    source = incident.source
    others = incident.tag_relations.exclude(added_by=source.user_id).order_by("pk")
    tags += others.values_list("tag__key", "tag__value")
    alert.incident = incidents.update_incident(incident, actor=source.user, description=message, tags=tags)
    if description:
        # Users are notified when the severity rises, not of other changes.
        record_event(alert, EventType.OTHER, actor=actor, description=description, quiet=severity <= old)
    return alert


def describe_update(old: Severity, new: Severity, old_message: str, new_message: str) -> str:
    """Return what an update changes; empty if it changes neither severity nor message."""
    lines = []
    if new != old:
        lines.append(f"Severity changed from {old.label} to {new.label}.")
    if new_message != old_message:
        lines.append(f"Message changed from: {old_message}\nTo: {new_message}")
    return "\n".join(lines)


def tags_for(scope: Scope, parents: ScopeParents, *, alert_type: str, severity: Severity) -> list[tuple[str, str]]:
    """Return the tags by which filters and notification profiles select an alert's incident."""
    return [
        ("severity", severity.label),
        ("alert_type", alert_type),
        ("scope_type", scope.kind),
        ("customer", parents.customer.name),
    ]


def close(alert: Alert, *, actor: User, description: str = "") -> None:
    """Close the alert. A closed alert stays as it is."""
    # The clock of the server that opened it may be ahead of this one.
    timestamp = max(timezone.now(), alert.created)
    with suppress(StateError):
        record_event(alert, EventType.CLOSE, actor=actor, timestamp=timestamp, description=description)


def acknowledge(alert: Alert, *, actor: User) -> Alert:
    """Acknowledge the alert until that is cancelled. Raises ``ConflictError`` if it is acknowledged."""
    ack = incidents.acknowledge(alert.incident, actor=actor, party=Party.USER, only_unacked=True)
    alert.incident = ack.event.incident
    return alert


def cancel_acknowledgment(alert: Alert, *, actor: User) -> Alert:
    """Cancel the acknowledgement. Raises ``ConflictError`` if the alert is not acknowledged."""
    alert.incident = incidents.cancel_acknowledgement(alert.incident, actor=actor).incident
    return alert


@transaction.atomic
def close_alerts_of(scopes: Sequence[Scope], *, actor: User) -> None:
    """Close the open alerts on scopes that are being deleted, and leave their alerts visible to staff only."""
    names = {scope.uuid: scope.name for scope in scopes}
    for batch in in_batches(list(names)):
        alerts = Alert.objects.filter(scope_uuid__in=batch)
        for alert in alerts.open().select_related("incident").order_by("incident"):
            close(alert, actor=actor, description=f"{names[alert.scope_uuid]} was deleted.")
        alerts.update(place_uuid=None)


def record_event(alert: Alert, event_type: EventType, *, actor: User, **values: Any) -> Event:
    """Record an event of the alert's incident, as a user even if the actor is a source system's account."""
    return incidents.record_event(alert.incident, event_type, actor=actor, party=Party.USER, **values)
