"""The services that create and change incidents.

Only they, ``acknowledgements``, ``bulk``, ``sync`` and ``tags`` write incidents.

Each function is one transaction: it locks the incident, asks ``lifecycle``, and writes the rows, the event and the
change feed. ``actor`` is the user who makes the change. Times are aware datetimes. Errors: ``DomainError`` for a
change that the rules refuse, ``NotPermittedError`` for an actor without the permission.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from argus.api.fields import format_time
from argus.auth.models import User
from argus.util.errors import DomainError, NotPermittedError
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name
from argus.util.prepared import PreparedQuery
from argus.util.urls import check_http_url

from .changes import record_changes
from .details_url import check_details_url
from .lifecycle import EventType, Party, State, check_is_posted, next_state, refusal
from .models import ChangeKind, Event, Incident, SourceSystem
from .tags import add_tags, replace_tags

LOCKED_INCIDENT = PreparedQuery(
    lambda: Incident.objects.select_for_update(of=("self",)).select_related("source").filter(pk=0)
)


class OpenKeyTakenError(DomainError):
    """Another incident with the same ``open_key`` is open."""


def build_incident(
    source: SourceSystem,
    *,
    start_time: datetime,
    source_incident_id: str,
    end_time: datetime | None = None,
    details_url: str = "",
    description: str = "",
    ticket_url: str = "",
    restricted: bool = False,
    open_key: str | None = None,
) -> Incident:
    """Return a new incident without storing it. ``end_time``: None is stateless, ``INFINITY`` is open.

    ``restricted``: visible to staff only. ``open_key``: at most one open incident has the same key. Raises
    ``DomainError`` for invalid values.
    """
    if end_time is not None and end_time < start_time:
        raise DomainError("An incident cannot end before it starts.", field="end_time")
    check_details_url(details_url, base_url=source.base_url)
    check_http_url(ticket_url, field="ticket_url")
    return Incident(
        source=source,
        start_time=start_time,
        end_time=end_time,
        source_incident_id=source_incident_id,
        details_url=details_url,
        description=description,
        ticket_url=ticket_url,
        restricted=restricted,
        open_key=open_key,
    )


def create_incident(
    source: SourceSystem, *, actor: User, tags: Sequence[tuple[str, str]] = (), **values: Any
) -> Incident:
    """Create an incident with its tags and its start event; ``values`` as for ``build_incident``.

    Its ``new_tags`` can be shown without a query. Raises ``DomainError`` if the source has used the id before,
    ``OpenKeyTakenError`` if the key is taken.
    """
    incident = build_incident(source, **values)
    try:
        with transaction.atomic():
            incident.save(force_insert=True)
            incident.new_tags = add_tags(incident, list(tags), actor=actor)
            record_start([incident])
    except IntegrityError:
        if Incident.objects.filter(source=source, source_incident_id=incident.source_incident_id).exists():
            message = "This source already has an incident with this source_incident_id."
            raise DomainError(message, field="source_incident_id") from None
        if incident.open_key is None:
            raise
        raise OpenKeyTakenError("Another incident with this key is open.") from None
    return incident


def record_start(incidents: Sequence[Incident]) -> None:
    """Write the start event of new incidents; within the transaction that has stored them with their tags."""
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


@transaction.atomic
def record_event(
    incident: Incident,
    event_type: EventType,
    *,
    actor: User,
    timestamp: datetime | None = None,
    description: str = "",
    party: Party | None = None,
    quiet: bool = False,
) -> Event:
    """Record an event, and change the state of the incident as ``lifecycle`` says.

    ``timestamp`` defaults to now for users; a source system must give it. ``party`` replaces the kind of the actor's
    account. No user is notified of a ``quiet`` event. Of two users who close the incident at once, the second is
    refused. An end that a source dates before the start takes effect at the start; the event keeps its timestamp.
    """
    incident, now = lock_incident(incident), timezone.now()
    party = party or check_may_change(incident, actor)
    if timestamp is None and party is Party.SOURCE:
        raise DomainError("A source system must give the timestamp.", field="timestamp")
    timestamp = timestamp or now
    check_is_posted(event_type)
    state = incident.state_at(now)
    is_repeated = event_type is EventType.END and incident.events.filter(type=EventType.END).exists()
    new_state = next_state(event_type, party=party, state=state, is_repeated=is_repeated)
    # The clock of a source may be coarse or wrong. Its end must not be lost for that.
    if party is Party.USER and event_type is not EventType.OTHER and timestamp < incident.start_time:
        raise DomainError("This is before the incident started.", field="timestamp")
    if new_state is not state:
        _save_end_time(incident, INFINITY if new_state is State.OPEN else max(timestamp, incident.start_time))
    kind = ChangeKind.EVENT if new_state is state else ChangeKind.MODIFIED
    event = Event(
        incident=incident, type=event_type, actor=actor, timestamp=timestamp, description=description, quiet=quiet
    )
    write_events([event], kind=kind)
    return event


@transaction.atomic
def update_incident(
    incident: Incident,
    *,
    actor: User,
    details_url: str | None = None,
    ticket_url: str | None = None,
    description: str | None = None,
    tags: Sequence[tuple[str, str]] | None = None,
) -> Incident:
    """Change the given fields; ``None`` leaves a field as it is. ``tags`` replaces all tags."""
    incident = lock_incident(incident)
    check_may_change(incident, actor)
    check_details_url(details_url or "", base_url=incident.source.base_url)
    check_http_url(ticket_url or "", field="ticket_url")
    new = {"details_url": details_url, "ticket_url": ticket_url, "description": description}
    changed = [name for name, value in new.items() if value is not None and value != getattr(incident, name)]
    for name in changed:
        setattr(incident, name, new[name])
    if changed:
        incident.save(update_fields=changed)
    if tags is not None and replace_tags(incident, list(tags), actor=actor):
        changed.append("tags")
    if changed:
        audit("changed", log_name(incident), actor=actor, parts=changed)
        record_changes([incident], ChangeKind.MODIFIED)
    return incident


@transaction.atomic
def change_tags(
    incident: Incident,
    *,
    actor: User,
    added: Sequence[tuple[str, str]] = (),
    removed: Sequence[tuple[str, str]] = (),
) -> None:
    """Add tags and remove others, starting from the present tags of the incident."""
    incident = lock_incident(incident)
    current = incident.tag_relations.order_by("pk").values_list("tag__key", "tag__value")
    update_incident(incident, actor=actor, tags=[*(pair for pair in current if pair not in removed), *added])


@transaction.atomic
def change_end_time(incident: Incident, end_time: datetime | None, *, actor: User) -> None:
    """Set the end time and record the events that explain it: a close, a reopening, or both.

    A change within a state (a past end corrected, a future end moved or removed) is recorded as an event of type
    OTHER. A stateless incident stays stateless.
    """
    incident, now = lock_incident(incident), timezone.now()
    if end_time == incident.end_time:
        return
    if end_time is None or incident.end_time is None:
        raise DomainError("end_time cannot be changed to or from null after creation.", field="end_time")
    if end_time < incident.start_time:
        raise DomainError("An incident cannot end before it starts.", field="end_time")
    was_open = incident.state_at(now) is State.OPEN
    if not was_open and end_time > now:
        record_event(incident, EventType.REOPEN, actor=actor)
    if end_time != INFINITY and (was_open or end_time > now):
        record_event(incident, EventType.CLOSE, actor=actor, timestamp=end_time)
    elif was_open or end_time <= now:
        _correct_end_time(incident, end_time, actor=actor)


def _correct_end_time(incident: Incident, end_time: datetime, *, actor: User) -> None:
    now, old = timezone.now(), incident.end_time
    next_state(EventType.OTHER, party=check_may_change(incident, actor), state=incident.state_at(now))
    _save_end_time(incident, end_time)
    description = f"End time corrected from {format_time(old)} to {format_time(end_time)}."
    event = Event(incident=incident, type=EventType.OTHER, actor=actor, timestamp=now, description=description)
    write_events([event], kind=ChangeKind.MODIFIED)


@transaction.atomic
def delete_incident(incident: Incident, *, actor: User) -> None:
    """Delete the incident with its history. For superusers; the change feed does not show it."""
    if not actor.is_superuser:
        raise NotPermittedError("Only superusers may delete incidents.")
    try:
        audit("deleted", log_name(incident), actor=actor)
        lock_incident(incident).delete()
    except (ProtectedError, RestrictedError):
        raise DomainError("The incident cannot be deleted: other objects refer to it.") from None


def party_of(actor: User) -> Party:
    """Return the kind of the actor's account. One query the first time."""
    return Party.SOURCE if hasattr(actor, "source_system") else Party.USER


def check_may_change(incident: Incident, actor: User) -> Party:
    """Return the kind of actor. A source system may change only its own incidents without ``change_incident``."""
    if not hasattr(actor, "source_system"):
        return Party.USER
    if incident.source_id != actor.source_system.pk and not actor.has_perm("argus_incident.change_incident"):
        raise NotPermittedError("A source system can change its own incidents only.")
    return Party.SOURCE


def lock_incident(incident: Incident) -> Incident:
    """Read the incident again and lock its row until the end of the transaction."""
    return LOCKED_INCIDENT.get(incident.pk)


def write_events(events: Sequence[Event], *, kind: ChangeKind) -> None:
    """Store events and their changes, in the transaction that has written their effect."""
    Event.objects.bulk_create(events)
    record_changes([event.incident for event in events], kind, events=events)


def _save_end_time(incident: Incident, end_time: datetime) -> None:
    incident.end_time = end_time
    try:
        # Only the key can be in the way, and few incidents have one.
        with transaction.atomic(savepoint=incident.open_key is not None):
            incident.save(update_fields=["end_time"])
    except IntegrityError:
        raise refusal("It cannot be reopened: a newer incident about the same object is open.") from None
