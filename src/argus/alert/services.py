"""The only writers of alerts. All that changes an incident is done by the incident's own services.

Each function is one transaction. Locks are taken in the order scope, incident, alert. ``actor`` is the user on whose
behalf it happens; refusals are ``DomainError``. An account of a source system acts here like a person: what it may do
follows from what it sees, not from which incidents it has posted.
"""

from contextlib import suppress
from functools import partial
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from argus.incident import services as incidents
from argus.incident.lifecycle import EventType, Party, refusal
from argus.incident.models import Incident
from argus.incident.sources import get_internal_source
from argus.inventory.models import Scope
from argus.inventory.rules import check_is_staff
from argus.inventory.scopes import Surroundings, surroundings_of
from argus.inventory.services import hold
from argus.util.errors import ConflictError
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name
from argus.util.rows import in_batches

from .context import describe
from .models import Alert, Severity

ALERTS = "alerts"
# Somebody may reopen an older alert just when a new one is written; then that one is updated. Twice in a row is luck.
TRIES = 5


class PlaceTaken(Exception):
    """Another alert of this type on this scope has been opened since one looked."""


def raise_alert(scope: Scope, *, actor, alert_type: str, severity: Severity, message: str) -> Alert:
    """Report something about the scope: opens an alert or, if one of this type is open on it, updates that.

    Of those who report the same at once, all get the same alert. An update that changes nothing writes no event.
    """
    check_is_staff(actor)
    report = partial(_open_or_update, scope, actor, alert_type=alert_type, severity=severity, message=message)
    for _ in range(TRIES - 1):
        with suppress(PlaceTaken):
            return report()
    return report()


@transaction.atomic
def _open_or_update(scope: Scope, actor, *, alert_type: str, severity: Severity, message: str) -> Alert:
    hold(scope, field="scope")
    around = surroundings_of(scope)
    alert = Alert.objects.filter(scope_uuid=scope.uuid, alert_type=alert_type, holds_place=True).first()
    incident = alert and incidents.lock_incident(alert.incident)
    if incident and incident.open:
        return _update(alert, incident, scope, around, actor=actor, severity=severity, message=message)
    if incident:
        # Its end, which somebody has set to a moment that was still to come, has come.
        keep_in_step(incident)
    alert = _open(scope, around, alert_type=alert_type, severity=severity, message=message)
    # The incident is told of as the work of Argus' own source.
    audit("raised", log_name(alert), actor=actor, incident=alert.incident_id)
    return alert


def _open(scope: Scope, around: Surroundings, *, alert_type: str, severity: Severity, message: str) -> Alert:
    source, uuid, now = get_internal_source(ALERTS), uuid4(), timezone.now()
    # To the millisecond, as the API shows it: what is asked for by a time shown is found.
    created = now.replace(microsecond=now.microsecond // 1000 * 1000)
    incident = incidents.create_incident(
        source,
        actor=source.user,
        start_time=created,
        end_time=INFINITY,
        source_incident_id=uuid.hex,
        description=message,
        tags=tags_for(scope, around, alert_type=alert_type, severity=severity),
        restricted=True,
    )
    alert = Alert(
        uuid=uuid,
        incident=incident,
        created=created,
        alert_type=alert_type,
        severity=severity,
        scope_type=scope.kind,
        scope_uuid=scope.uuid,
        place_uuid=(around.project or scope).uuid,
        context=describe(scope, around),
    )
    _save(alert, force_insert=True)
    return alert


def _update(
    alert: Alert, incident: Incident, scope: Scope, around: Surroundings, *, actor, severity: Severity, message: str
) -> Alert:
    old, context = Severity(alert.severity), describe(scope, around)
    words = words_for_change(old, severity, incident.description, message)
    if words or context != alert.context:
        alert.severity, alert.context = severity, context
        alert.save(update_fields=["severity", "context"])
        audit("changed", log_name(alert), actor=actor, incident=incident.pk)
    tags = tags_for(scope, around, alert_type=alert.alert_type, severity=severity)
    source = incident.source
    others = incident.tag_relations.exclude(added_by=source.user_id).order_by("pk")
    tags += others.values_list("tag__key", "tag__value")
    alert.incident = incidents.update_incident(incident, actor=source.user, description=message, tags=tags)
    if words:
        # People are told when it gets worse, not of every other word.
        record(alert, EventType.OTHER, actor=actor, description=words, quiet=severity <= old)
    return alert


def words_for_change(old: Severity, new: Severity, old_message: str, new_message: str) -> str:
    """Say what an update changes; nothing if it changes neither severity nor message."""
    words = []
    if new != old:
        words.append(f"Severity changed from {old.label} to {new.label}.")
    if new_message != old_message:
        words.append(f"Message changed from: {old_message}\nTo: {new_message}")
    return "\n".join(words)


def tags_for(scope: Scope, around: Surroundings, *, alert_type: str, severity: Severity) -> list[tuple[str, str]]:
    """Return what filters and profiles can ask for of an alert's incident."""
    return [
        ("severity", severity.label),
        ("alert_type", alert_type),
        ("scope_type", scope.kind),
        ("customer", around.customer.name),
    ]


@transaction.atomic
def close(alert: Alert, *, actor, description: str = "") -> None:
    """End the alert; one that is closed already stays as it is."""
    if incidents.lock_incident(alert.incident).open:
        record(alert, EventType.CLOSE, actor=actor, description=description)


@transaction.atomic
def acknowledge(alert: Alert, *, actor) -> Alert:
    """Note that somebody knows of the alert, until it is cancelled. Raises ``Conflict`` if somebody does already."""
    if incidents.lock_incident(alert.incident).acked:
        raise ConflictError("The alert is acknowledged already.")
    incidents.acknowledge(alert.incident, actor=actor, party=Party.USER)
    return _read_again(alert)


def cancel_acknowledgment(alert: Alert, *, actor) -> Alert:
    """Take back that somebody knows of the alert. Raises ``Conflict`` if nobody does."""
    incidents.cancel_acknowledgement(alert.incident, actor=actor)
    return _read_again(alert)


def is_about_an_alert(incident: Incident) -> bool:
    """Tell whether the incident, whose source is loaded, may be an alert's."""
    return incident.source.name == incident.source.type_id == ALERTS


def keep_in_step(incident: Incident) -> None:
    """Let an alert hold its place while its incident is open, and at no other time.

    Raises ``DomainError`` if a newer alert is open there: then the incident cannot be reopened.
    """
    alert = Alert.objects.filter(incident=incident).first()
    if alert is None or alert.holds_place == incident.open:
        return
    alert.holds_place = incident.open
    try:
        _save(alert, update_fields=["holds_place"])
    except PlaceTaken:
        raise refusal("It cannot be reopened: a newer alert of this type is open on the same object.") from None


@transaction.atomic
def let_go_of(scopes: list[Scope], *, actor) -> None:
    """Close what is open on scopes that are being deleted. Whom they were shown to sees their alerts no longer."""
    names = {scope.uuid: scope.name for scope in scopes}
    for chunk in in_batches(list(names)):
        alerts = Alert.objects.filter(scope_uuid__in=chunk)
        for alert in alerts.filter(holds_place=True).select_related("incident").order_by("incident"):
            close(alert, actor=actor, description=f"{names[alert.scope_uuid]} was deleted.")
        alerts.update(place_uuid=None)


def record(alert: Alert, event_type: EventType, *, actor, **values):
    """Write an event into the alert's history."""
    return incidents.record_event(alert.incident, event_type, actor=actor, party=Party.USER, **values)


def _save(alert: Alert, **options) -> None:
    try:
        with transaction.atomic():
            alert.save(**options)
    except IntegrityError:
        raise PlaceTaken from None


def _read_again(alert: Alert) -> Alert:
    return Alert.objects.select_related("incident").get(pk=alert.pk)
