"""Synchronise the incidents of a source with what the source sends, which knows them by its own ids.

Requests can be repeated: what is as desired already is not changed, and no event is recorded for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from argus.auth.models import User
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from argus.util.rows import in_batches

from .changes import record_changes, write_events
from .creation import build_incident, check_urls, create_missing
from .lifecycle import EventType, Party, State, next_state
from .models import ChangeKind, Event, Incident, SourceSystem
from .services import lock_incident, record_event
from .tags import replace_own_tags

# What a list can change of an incident that exists. Its start time stays.
UPDATABLE_FIELDS = ("description", "details_url", "ticket_url")
UPDATE_BATCH_SIZE = 500


class InvalidSyncError(Exception):
    """Some incidents of the list are invalid: ``errors`` by their index. Nothing was changed."""

    def __init__(self, errors: dict[int, DomainError]):
        super().__init__(f"{len(errors)} of the incidents are invalid")
        self.errors = errors


@dataclass
class DesiredIncident:
    """An incident of the list: its index there, its values, and the incident to create if there is none."""

    index: int
    values: dict[str, Any]
    new: Incident

    @property
    def tags(self) -> list[tuple[str, str]]:
        return self.values.get("tags", [])

    @property
    def end_time(self) -> datetime:
        """The desired end as the source has sent it; ``INFINITY`` for an open incident."""
        return self.values.get("end_time", INFINITY)


@dataclass
class SyncResult:
    """The incidents that were changed, each in one list: one that was reopened or closed may be updated as well."""

    created: list[Incident] = field(default_factory=list)
    reopened: list[Incident] = field(default_factory=list)
    updated: list[Incident] = field(default_factory=list)
    closed: list[Incident] = field(default_factory=list)


@transaction.atomic
def sync_incidents(
    source: SourceSystem, desired: list[dict[str, Any]], *, actor: User, is_complete: bool = True
) -> SyncResult:
    """Create, reopen, update and close incidents, so that the open ones of the source are those of the list.

    ``desired``: arguments of ``build_incident``, and ``tags``. Values that are left out stay as they are, and so do
    tags of other users; a new incident starts now and is open. An ``end_time`` closes an open incident, as an END of
    the source would, and does not change one that is closed. A list that is not complete closes no others. Locks the
    source: its lists are synchronised one at a time. Raises ``InvalidSyncError``.
    """
    SourceSystem.objects.select_for_update(no_key=True).get(pk=source.pk)
    now = timezone.now()
    wanted = _read_list(source, desired, now=now)
    known = _lock_by_id(source, wanted)
    if is_complete:
        known |= _lock(source, Q(end_time__gt=now))
    created = _create([one for source_id, one in wanted.items() if source_id not in known], actor=actor)
    # A concurrent request may have created some of them.
    known |= _lock_by_id(source, [one for one in wanted if one not in known and one not in created])
    _check_transitions(known, wanted, now=now)
    pairs = [(known[source_id], one) for source_id, one in wanted.items() if source_id in known]
    reopened = [one for one, value in pairs if value.end_time == INFINITY and one.state_at(now) is State.CLOSED]
    ends = _find_ends(known, wanted, now=now)
    updated = _update(pairs, actor=actor)
    _reopen(reopened, source, now=now)
    _close(ends, source, now=now)
    result = SyncResult(list(created.values()), reopened, closed=[incident for incident, _ in ends])
    with_event = {*result.reopened, *result.closed}
    result.updated = [incident for incident in updated if incident not in with_event]
    record_changes(result.updated, ChangeKind.MODIFIED)
    return result


@transaction.atomic
def record_source_event(
    incident: Incident,
    event_type: EventType,
    *,
    actor: User,
    timestamp: datetime | None = None,
    description: str = "",
) -> tuple[Event, bool]:
    """Record an event of the actor's own incident, and return it and whether it is new.

    As ``services.record_event``, but the time defaults to now, and a second END is not refused: it closes an incident
    that was reopened since, by an event of type CLOSE. If there is nothing to close, return the last end or close.
    """
    incident, now = lock_incident(incident), timezone.now()
    timestamp = timestamp or now
    party = Party.SOURCE
    ends = incident.events.filter(type__in=[EventType.END, EventType.CLOSE]).select_related("actor").order_by("-pk")
    if event_type is EventType.END and any(event.type == EventType.END for event in ends):
        if not _can_end(incident, timestamp, now=now):
            return ends[0], False
        event_type, party = EventType.CLOSE, Party.SYNC
    event = record_event(incident, event_type, actor=actor, timestamp=timestamp, description=description, party=party)
    return event, True


def _find_ends(
    known: dict[str, Incident], wanted: dict[str, DesiredIncident], *, now: datetime
) -> list[tuple[Incident, datetime]]:
    """Return the incidents to close, with the time: now for those that are not in the list."""
    ends = [
        (incident, wanted[source_id].end_time if source_id in wanted else now) for source_id, incident in known.items()
    ]
    return [(incident, end) for incident, end in ends if end != INFINITY and _can_end(incident, end, now=now)]


def _can_end(incident: Incident, end: datetime, *, now: datetime) -> bool:
    """Return whether the incident is open and does not end at this time already."""
    return incident.state_at(now) is State.OPEN and incident.end_time != max(end, incident.start_time)


def _read_list(source: SourceSystem, desired: list[dict[str, Any]], *, now: datetime) -> dict[str, DesiredIncident]:
    """Return the incidents of the list in the order of their ids: concurrent lists lock rows in the same order."""
    _check_list(source, desired)
    read = [DesiredIncident(index, values, _build(source, values, now=now)) for index, values in enumerate(desired)]
    return {one.new.source_incident_id: one for one in sorted(read, key=lambda one: one.new.source_incident_id)}


def _check_list(source: SourceSystem, desired: list[dict[str, Any]]) -> None:
    """Refuse invalid URLs and repeated IDs. Building the incidents of a long list first would double its cost."""
    seen: set[str] = set()
    errors: dict[int, DomainError] = {}
    for index, values in enumerate(desired):
        try:
            check_urls(source, **values)
        except DomainError as error:
            errors[index] = error
        if values["source_incident_id"] in seen:
            errors[index] = DomainError("This ID is in the list twice.", field="source_incident_id")
        seen.add(values["source_incident_id"])
    if errors:
        raise InvalidSyncError(errors)


def _build(source: SourceSystem, values: dict[str, Any], *, now: datetime) -> Incident:
    end_time = values.get("end_time", INFINITY)
    start_time = values.get("start_time", min(now, end_time))
    fields = {name: value for name, value in values.items() if name != "tags"}
    times = {"start_time": start_time, "end_time": max(start_time, end_time)}
    return build_incident(source, **(fields | times))


def _check_transitions(known: dict[str, Incident], wanted: dict[str, DesiredIncident], *, now: datetime) -> None:
    """Refuse the list if an incident of it is stateless: it can be neither reopened nor closed."""
    errors: dict[int, DomainError] = {}
    for source_id, one in wanted.items():
        state = known[source_id].state_at(now) if source_id in known else State.OPEN
        if state is State.OPEN or (state is State.CLOSED and one.end_time != INFINITY):
            continue
        try:
            next_state(EventType.REOPEN, party=Party.SYNC, state=state)
        except DomainError as error:
            errors[one.index] = DomainError(str(error), field="source_incident_id")
    if errors:
        raise InvalidSyncError(errors)


def _lock_by_id(source: SourceSystem, source_ids: Iterable[str]) -> dict[str, Incident]:
    """Return the incidents with these source ids and lock their rows until the commit."""
    known: dict[str, Incident] = {}
    for batch in in_batches(list(source_ids)):
        known |= _lock(source, Q(source_incident_id__in=batch))
    return known


def _lock(source: SourceSystem, condition: Q) -> dict[str, Incident]:
    # Restricted incidents belong to the app that created them.
    incidents = Incident.objects.filter(condition, source=source, restricted=False)
    known = {one.source_incident_id: one for one in incidents.select_for_update().order_by("pk")}
    for incident in known.values():
        incident.source = source
    return known


def _create(desired: list[DesiredIncident], *, actor: User) -> dict[str, Incident]:
    """Create the incidents that no concurrent request creates, and return them by source id."""
    create_missing([(one.new, one.tags) for one in desired], actor=actor)
    return {one.new.source_incident_id: one.new for one in desired if one.new.pk}


def _update(pairs: list[tuple[Incident, DesiredIncident]], *, actor: User) -> list[Incident]:
    """Write the values that differ, and return the incidents that were changed."""
    changed = [incident for incident, one in pairs if _assign_values(incident, one.values)]
    for batch in in_batches(changed):
        Incident.objects.bulk_update(batch, UPDATABLE_FIELDS, batch_size=UPDATE_BATCH_SIZE)
    retagged = replace_own_tags([(incident, one.tags) for incident, one in pairs if "tags" in one.values], actor=actor)
    return list({incident.pk: incident for incident in [*changed, *retagged]}.values())


def _assign_values(incident: Incident, values: dict[str, Any]) -> bool:
    """Assign the values that differ, and return whether there are any."""
    new = {
        name: values[name] for name in UPDATABLE_FIELDS if name in values and values[name] != getattr(incident, name)
    }
    for name, value in new.items():
        setattr(incident, name, value)
    return bool(new)


def _reopen(incidents: list[Incident], source: SourceSystem, *, now: datetime) -> None:
    _write_transitions([(one, EventType.REOPEN, now) for one in incidents], source, now=now)


def _close(ends: list[tuple[Incident, datetime]], source: SourceSystem, *, now: datetime) -> None:
    """Record an END at each time, or a CLOSE for an incident that has had its one END."""
    ended: set[int] = set()
    for batch in in_batches([incident.pk for incident, _ in ends]):
        ended |= set(Event.objects.filter(incident__in=batch, type=EventType.END).values_list("incident_id", flat=True))
    transitions = [(one, EventType.CLOSE if one.pk in ended else EventType.END, end) for one, end in ends]
    _write_transitions(transitions, source, now=now)


def _write_transitions(
    transitions: Sequence[tuple[Incident, EventType, datetime]], source: SourceSystem, *, now: datetime
) -> None:
    """Write the new end times and one event for each incident, given its type and timestamp."""
    for incident, event_type, timestamp in transitions:
        state = next_state(event_type, party=Party.SYNC, state=incident.state_at(now))
        incident.end_time = INFINITY if state is State.OPEN else max(timestamp, incident.start_time)
    for batch in in_batches([incident for incident, _, _ in transitions]):
        Incident.objects.bulk_update(batch, ["end_time"], batch_size=UPDATE_BATCH_SIZE)
    events = [
        Event(incident=incident, type=event_type, actor_id=source.user_id, timestamp=timestamp, received=now)
        for incident, event_type, timestamp in transitions
    ]
    write_events(events, kind=ChangeKind.MODIFIED)
