"""Report the outage of a medium: one incident of the source "argus" per outage."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from argus.incident import creation, services, sources
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident
from argus.util.infinity import INFINITY

from .media.registry import medium_label
from .models import MediumHealth


@transaction.atomic
def record_success(medium: str) -> None:
    """Record that the medium has sent a message. Ends the incident of its outage."""
    health = MediumHealth.objects.select_for_update().filter(medium=medium, failing_since__isnull=False).first()
    if health is None:
        return
    if health.incident and health.incident.open:
        actor, now = health.incident.source.user, timezone.now()
        services.record_event(health.incident, EventType.END, actor=actor, timestamp=now, description="It works again.")
    health.failing_since = health.incident = None
    health.save()


@transaction.atomic
def record_failure(medium: str, error: str) -> None:
    """Record that the medium has failed. Opens an incident after ARGUS_MEDIUM_FAILING_AFTER seconds without success."""
    now = timezone.now()
    MediumHealth.objects.get_or_create(medium=medium)
    health = MediumHealth.objects.select_for_update().get(medium=medium)
    health.failing_since = health.failing_since or now
    threshold = timedelta(seconds=settings.ARGUS_MEDIUM_FAILING_AFTER)
    if health.incident is None and now - health.failing_since >= threshold:
        health.incident = _open_incident(medium, since=health.failing_since, error=error)
    health.save()


def failing_media() -> dict[int, str]:
    """Return the medium that each open outage incident is about. It must not report its own failure."""
    rows = MediumHealth.objects.filter(incident__isnull=False)
    return {incident: medium for incident, medium in rows.values_list("incident_id", "medium") if incident}


def _open_incident(medium: str, *, since: datetime, error: str) -> Incident:
    source, name = sources.get_argus_source(), medium_label(medium)
    return creation.create_incident(
        source,
        actor=source.user,
        start_time=since,
        end_time=INFINITY,
        source_incident_id=f"medium-{medium}-{since.isoformat()}",
        description=f"Notifications by {name} have been failing since {timezone.localtime(since):%H:%M}: {error[:200]}",
        tags=[("problem_type", "mediumFailing"), ("object", name.lower())],
    )
