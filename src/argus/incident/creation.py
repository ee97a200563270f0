"""The services that create incidents: one, or many in one transaction with a constant number of queries."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from argus.auth.models import User
from argus.util.errors import DomainError
from argus.util.rows import insert_missing
from argus.util.urls import check_details_url, check_http_url

from .changes import write_events
from .lifecycle import EventType
from .models import ChangeKind, Event, Incident, SourceSystem
from .tags import Pair, TaggedIncidents, add_tags, add_tags_to_all

# The unique constraint by which an incident is recognised.
UNIQUE_FIELDS = ("source_id", "source_incident_id")
UniqueKey = tuple[int, str]


class OpenKeyTakenError(DomainError):
    """Another incident with the same ``open_key`` is open."""


class Status(StrEnum):
    """The outcome for one incident of a list."""

    CREATED = "created"
    EXISTS = "exists"
    INVALID = "invalid"


class Result(NamedTuple):
    """The outcome for one incident: its primary key, or the error."""

    status: Status
    pk: int | None = None
    error: DomainError | None = None


def check_urls(source: SourceSystem, *, details_url: str = "", ticket_url: str = "", **others: Any) -> None:
    """Raise ``DomainError`` for an invalid URL among the values of an incident."""
    check_details_url(details_url, base_url=source.base_url)
    check_http_url(ticket_url, field="ticket_url")


def build_incident(
    source: SourceSystem,
    *,
    start_time: datetime,
    end_time: datetime | None = None,
    details_url: str = "",
    ticket_url: str = "",
    **values: Any,
) -> Incident:
    """Return a new incident without storing it. ``end_time``: None is stateless, ``INFINITY`` is open.

    ``values``: ``source_incident_id``, ``description``, ``restricted`` (visible to staff only) and ``open_key`` (at
    most one open incident has the same). Raises ``DomainError`` for invalid values.
    """
    if end_time is not None and end_time < start_time:
        raise DomainError("An incident cannot end before it starts.", field="end_time")
    check_urls(source, details_url=details_url, ticket_url=ticket_url)
    values |= {"details_url": details_url, "ticket_url": ticket_url}
    return Incident(source=source, start_time=start_time, end_time=end_time, **values)


def create_incident(source: SourceSystem, *, actor: User, tags: Sequence[Pair] = (), **values: Any) -> Incident:
    """Create an incident with its tags and its start event; ``values`` as for ``build_incident``.

    Its ``new_tags`` can be shown without a query. Raises ``DomainError`` if the source has used the id before,
    ``OpenKeyTakenError`` if the key is taken.
    """
    incident = build_incident(source, **values)
    try:
        with transaction.atomic():
            incident.save(force_insert=True)
            incident.new_tags = add_tags(incident, list(tags), actor=actor)
            _record_start([incident])
    except IntegrityError:
        if Incident.objects.filter(source=source, source_incident_id=incident.source_incident_id).exists():
            message = "This source already has an incident with this source_incident_id."
            raise DomainError(message, field="source_incident_id") from None
        if incident.open_key is None:
            raise
        raise OpenKeyTakenError("Another incident with this key is open.") from None
    return incident


def create_incidents(items: Sequence[dict[str, Any]], *, actor: User) -> list[Result]:
    """Create incidents with their tags and start events, and return the outcome for each, in the same order.

    ``items``: arguments of ``create_incident``. An incident that exists already, also earlier in the same list, stays
    as it is. An invalid one is not created and stops no other.
    """
    built = [_build(values) for values in items]
    first: dict[UniqueKey, tuple[Incident, Sequence[Pair]]] = {}
    for incident, values in zip(built, items, strict=True):
        if isinstance(incident, Incident):
            first.setdefault(_unique_key(incident), (incident, values.get("tags", ())))
    with transaction.atomic():
        # Sorted, so that concurrent lists with the same ids do not deadlock.
        create_missing([first[key] for key in sorted(first)], actor=actor)
        existing = _find_existing([one for one in built if isinstance(one, Incident) and not one.pk])
    return [_result(one, existing) for one in built]


def create_missing(tagged: TaggedIncidents, *, actor: User) -> None:
    """Create the incidents that do not exist; they get a primary key, and their tags and start events are written.

    Incidents that concurrent requests create are waited for, and left out.
    """
    insert_missing([incident for incident, _ in tagged], unique=UNIQUE_FIELDS)
    created = [(incident, tags) for incident, tags in tagged if incident.pk]
    add_tags_to_all(created, actor=actor, now=timezone.now())
    _record_start([incident for incident, _ in created])


def _record_start(incidents: Sequence[Incident]) -> None:
    now = timezone.now()
    events = [
        Event(
            incident=incident,
            type=EventType.START,
            actor_id=incident.source.user_id,
            timestamp=incident.start_time,
            received=now,
            description=incident.description,
        )
        for incident in incidents
    ]
    write_events(events, kind=ChangeKind.CREATED)


def _build(values: dict[str, Any]) -> Incident | DomainError:
    try:
        return build_incident(**{name: value for name, value in values.items() if name != "tags"})
    except DomainError as error:
        return error


def _unique_key(incident: Incident) -> UniqueKey:
    return incident.source_id, incident.source_incident_id


def _find_existing(incidents: Sequence[Incident]) -> dict[UniqueKey, int]:
    """Return the primary keys of the rows with the same source and source id."""
    if not incidents:
        return {}
    source_ids, names = zip(*map(_unique_key, incidents), strict=True)
    rows = Incident.objects.filter(source__in=set(source_ids), source_incident_id__in=set(names))
    return {(source_id, name): pk for pk, source_id, name in rows.values_list("pk", *UNIQUE_FIELDS)}


def _result(incident: Incident | DomainError, existing: dict[UniqueKey, int]) -> Result:
    if isinstance(incident, DomainError):
        return Result(Status.INVALID, error=incident)
    if incident.pk is None:
        return Result(Status.EXISTS, pk=existing[_unique_key(incident)])
    return Result(Status.CREATED, pk=incident.pk)
