"""Synchronise the open incidents of a source with the list that the source sends."""

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
from argus.util.rows import in_batches, insert_missing

from .bulk import UNIQUE_FIELDS
from .changes import record_changes
from .lifecycle import EventType, Party, State, next_state
from .models import ChangeKind, Event, Incident, SourceSystem
from .services import build_incident, record_start, write_events
from .tags import add_tags_to_all, replace_own_tags

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


@dataclass
class SyncResult:
    """The incidents that were changed, each in one list: a reopened incident may have been updated as well."""

    created: list[Incident] = field(default_factory=list)
    reopened: list[Incident] = field(default_factory=list)
    updated: list[Incident] = field(default_factory=list)
    closed: list[Incident] = field(default_factory=list)


@transaction.atomic
def sync_incidents(
    source: SourceSystem, desired: list[dict[str, Any]], *, actor: User, is_complete: bool = True
) -> SyncResult:
    """Create, reopen, update and close incidents, so that the open ones of the source are those of the list.

    ``desired``: arguments of ``build_incident`` without ``end_time``, and ``tags``. Values that are left out stay as
    they are, and so do tags of other users. A list that is not complete closes nothing. A repeated list changes nothing
    and records no event. Locks the source: its lists are synchronised one at a time. Raises ``InvalidSyncError``.
    """
    SourceSystem.objects.select_for_update(no_key=True).get(pk=source.pk)
    now, wanted = timezone.now(), _read_list(source, desired)
    known = _lock_by_id(source, wanted)
    if is_complete:
        known |= _lock(source, Q(end_time__gt=now))
    created = _create([one for source_id, one in wanted.items() if source_id not in known], actor=actor)
    # A concurrent request may have created some of them.
    known |= _lock_by_id(source, [one for one in wanted if one not in known and one not in created])
    _check_transitions(known, wanted, now=now)
    pairs = [(known[source_id], one) for source_id, one in wanted.items() if source_id in known]
    reopened = [incident for incident, _ in pairs if incident.state_at(now) is State.CLOSED]
    updated = _update(pairs, actor=actor)
    others = [incident for source_id, incident in known.items() if source_id not in wanted]
    closed = [one for one in others if (one.end_time or now) > max(now, one.start_time)]
    _reopen(reopened, source, now=now)
    _close(closed, source, now=now)
    updated = [incident for incident in updated if incident not in reopened]
    record_changes(updated, ChangeKind.MODIFIED)
    return SyncResult(list(created.values()), reopened, updated, closed)


def _read_list(source: SourceSystem, desired: list[dict[str, Any]]) -> dict[str, DesiredIncident]:
    """Return the incidents of the list in the order of their ids: concurrent lists lock rows in the same order."""
    wanted: dict[str, DesiredIncident] = {}
    errors: dict[int, DomainError] = {}
    for index, values in enumerate(desired):
        try:
            fields = {name: value for name, value in values.items() if name != "tags"}
            new = build_incident(source, end_time=INFINITY, **fields)
        except DomainError as error:
            errors[index] = error
            continue
        if new.source_incident_id in wanted:
            errors[index] = DomainError("This ID is in the list twice.", field="source_incident_id")
        wanted[new.source_incident_id] = DesiredIncident(index, values, new)
    if errors:
        raise InvalidSyncError(errors)
    return dict(sorted(wanted.items()))


def _check_transitions(known: dict[str, Incident], wanted: dict[str, DesiredIncident], *, now: datetime) -> None:
    """Refuse the list if an incident of it is not open and cannot be reopened."""
    errors: dict[int, DomainError] = {}
    for source_id, incident in known.items():
        state = incident.state_at(now)
        if source_id not in wanted or state is State.OPEN:
            continue
        try:
            next_state(EventType.REOPEN, party=Party.SYNC, state=state)
        except DomainError as error:
            errors[wanted[source_id].index] = DomainError(str(error), field="source_incident_id")
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
    insert_missing([one.new for one in desired], unique=UNIQUE_FIELDS)
    created = [one for one in desired if one.new.pk]
    add_tags_to_all([(one.new, one.tags) for one in created], actor=actor, now=timezone.now())
    record_start([one.new for one in created])
    return {one.new.source_incident_id: one.new for one in created}


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
    types = dict.fromkeys((incident.pk for incident in incidents), EventType.REOPEN)
    _write_transitions(incidents, types, source, now=now)


def _close(incidents: list[Incident], source: SourceSystem, *, now: datetime) -> None:
    """Record an END, or a CLOSE for an incident that has had its one END."""
    ended: set[int] = set()
    for batch in in_batches([incident.pk for incident in incidents]):
        ended |= set(Event.objects.filter(incident__in=batch, type=EventType.END).values_list("incident_id", flat=True))
    types = {incident.pk: EventType.CLOSE if incident.pk in ended else EventType.END for incident in incidents}
    _write_transitions(incidents, types, source, now=now)


def _write_transitions(
    incidents: Sequence[Incident], types: dict[int, EventType], source: SourceSystem, *, now: datetime
) -> None:
    """Write the new end times and one event for each incident."""
    for incident in incidents:
        state = next_state(types[incident.pk], party=Party.SYNC, state=incident.state_at(now))
        incident.end_time = INFINITY if state is State.OPEN else max(now, incident.start_time)
    for batch in in_batches(incidents):
        Incident.objects.bulk_update(batch, ["end_time"], batch_size=UPDATE_BATCH_SIZE)
    events = [
        Event(incident=one, type=types[one.pk], actor_id=source.user_id, timestamp=now, received=now)
        for one in incidents
    ]
    write_events(events, kind=ChangeKind.MODIFIED)
