"""The only writers of incidents: lock, ask the table, write, announce.

Each function is one transaction. ``actor`` is the user on whose behalf it happens. Refusals are ``DomainError``;
what the actor is not entitled to is ``NotPermittedError``. Times are aware datetimes.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q, RestrictedError
from django.utils import timezone

from argus.api.fields import wire_time
from argus.util.errors import ConflictError, DomainError, NotPermittedError
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name
from argus.util.urls import check_http_url

from .changes import record_changes
from .details_url import check_details_url
from .lifecycle import EventType, Party, State, next_state, refusal
from .models import Acknowledgement, ChangeKind, Event, Incident, SourceSystem
from .signals import event_recorded
from .tags import add_tags, replace_tags


def draft_incident(
    source: SourceSystem,
    *,
    start_time: datetime,
    source_incident_id: str,
    end_time: datetime | None = None,
    details_url: str = "",
    description: str = "",
    ticket_url: str = "",
    restricted: bool = False,
) -> Incident:
    """Put a new incident together without storing it. ``end_time``: None is stateless, ``INFINITY`` is open.

    ``restricted``: for staff alone. Raises ``DomainError`` for what no incident may be like.
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
    )


def create_incident(source: SourceSystem, *, actor, tags: list[tuple[str, str]] = (), **values) -> Incident:
    """Take in a new incident, with its tags and its start event; ``values`` as for ``draft_incident``.

    The incident returned has ``new_tags``, so that it can be shown without asking the database again.
    Raises ``DomainError`` if the source has used the id before.
    """
    incident = draft_incident(source, **values)
    try:
        with transaction.atomic():
            Incident.objects.bulk_create([incident])
            incident.new_tags = add_tags(incident, tags, actor=actor)
            record_start([incident])
    except IntegrityError:
        if Incident.objects.filter(source=source, source_incident_id=incident.source_incident_id).exists():
            raise DomainError(
                "This source already has an incident with this source_incident_id.", field="source_incident_id"
            ) from None
        raise
    return incident


def record_start(incidents: list[Incident]) -> None:
    """Write the first event of incidents that have just been stored with their tags, and announce them."""
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
    write_events(events, ChangeKind.CREATED)


@transaction.atomic
def record_event(
    incident: Incident,
    event_type: EventType,
    *,
    actor,
    timestamp: datetime | None = None,
    description: str = "",
    party: Party | None = None,
    quiet: bool = False,
) -> Event:
    """Write down what ``actor`` did to the incident, and let it take effect.

    ``timestamp`` defaults to now for people; a source system must tell. ``party`` is what the actor acts as, where the
    door decides that and not the account. Of a ``quiet`` event nobody is told. The incident's row stays locked until
    the commit: of two closers at once one wins and the other is told that it is closed.
    """
    incident, now = lock_incident(incident), timezone.now()
    party = party or _check_may_act(incident, actor)
    if timestamp is None and party is Party.SOURCE:
        raise DomainError("A source system must say when it happened.", field="timestamp")
    timestamp = timestamp or now
    state = incident.state_at(now)
    is_repeated = event_type is EventType.END and incident.events.filter(type=EventType.END).exists()
    new_state = next_state(event_type, party=party, state=state, is_repeated=is_repeated)
    if event_type in {EventType.END, EventType.CLOSE, EventType.REOPEN} and timestamp < incident.start_time:
        raise DomainError("This is before the incident started.", field="timestamp")
    if new_state is not state:
        incident.end_time = INFINITY if new_state is State.OPEN else timestamp
        incident.save(update_fields=["end_time"])
    kind = ChangeKind.EVENT if new_state is state else ChangeKind.MODIFIED
    values = {"timestamp": timestamp, "description": description, "quiet": quiet}
    return _write_event(incident, event_type, kind=kind, actor=actor, **values)


@transaction.atomic
def acknowledge(
    incident: Incident,
    *,
    actor,
    timestamp: datetime | None = None,
    description: str = "",
    expiration: datetime | None = None,
    party: Party | None = None,
) -> Acknowledgement:
    """Note that a person knows of the incident, until ``expiration`` or, without one, for good.

    ``party`` as in ``record_event``.
    """
    if (party or party_of(actor)) is Party.SOURCE:
        raise refusal("A source system cannot post acknowledgements.")
    incident = lock_incident(incident)
    timestamp = timestamp or timezone.now()
    if expiration is not None and expiration <= timestamp:
        raise DomainError("The expiration must be later than the event's timestamp.")
    event = _write_event(incident, EventType.ACKNOWLEDGE, actor=actor, timestamp=timestamp, description=description)
    ack = Acknowledgement.objects.create(event=event, expiration=expiration)
    until = expiration or INFINITY
    if incident.acked_until is None or until > incident.acked_until:
        incident.acked_until = until
        incident.save(update_fields=["acked_until"])
    return ack


@transaction.atomic
def cancel_acknowledgement(incident: Incident, *, actor) -> Event:
    """Let the acknowledgements that hold hold no longer. They stay in the history, expired at this moment.

    Raises ``Conflict`` if there is none.
    """
    incident, now = lock_incident(incident), timezone.now()
    if not incident.acked:
        raise ConflictError("This is not acknowledged.")
    acks = Acknowledgement.objects.filter(event__incident=incident)
    acks.filter(Q(expiration=None) | Q(expiration__gt=now)).update(expiration=now)
    incident.acked_until = None
    incident.save(update_fields=["acked_until"])
    description = "The acknowledgement was cancelled."
    return _write_event(incident, EventType.OTHER, actor=actor, timestamp=now, description=description)


@transaction.atomic
def delete_acknowledgement(ack: Acknowledgement, *, actor) -> None:
    """Take an acknowledgement back together with its event, as if it had never been."""
    incident = lock_incident(ack.event.incident)
    audit("took back an acknowledgement of", log_name(incident), actor=actor)
    ack.event.delete()
    remaining = Acknowledgement.objects.filter(event__incident=incident).values_list("expiration", flat=True)
    incident.acked_until = max((expiration or INFINITY for expiration in remaining), default=None)
    incident.save(update_fields=["acked_until"])
    record_changes([incident], ChangeKind.MODIFIED)


@transaction.atomic
def update_incident(
    incident: Incident,
    *,
    actor,
    details_url: str | None = None,
    ticket_url: str | None = None,
    description: str | None = None,
    tags: list[tuple[str, str]] | None = None,
) -> Incident:
    """Change what may be changed of an incident; ``None`` leaves a part as it is. ``tags`` replaces the whole set."""
    incident = lock_incident(incident)
    _check_may_act(incident, actor)
    check_details_url(details_url or "", base_url=incident.source.base_url)
    check_http_url(ticket_url or "", field="ticket_url")
    new = {"details_url": details_url, "ticket_url": ticket_url, "description": description}
    changed = [name for name, value in new.items() if value is not None and value != getattr(incident, name)]
    for name in changed:
        setattr(incident, name, new[name])
    if changed:
        incident.save(update_fields=changed)
    if tags is not None and replace_tags(incident, tags, actor=actor):
        changed.append("tags")
    if changed:
        audit("changed", log_name(incident), actor=actor, parts=changed)
        record_changes([incident], ChangeKind.MODIFIED)
    return incident


@transaction.atomic
def change_end_time(incident: Incident, end_time: datetime, *, actor) -> None:
    """Move the incident's end by hand, with the events that tell of it: a close, a reopening, or both.

    Where neither says it (an end that is corrected afterwards, or taken away before it came) the event is of type
    OTHER. A stateless incident has no end to move, and no other incident becomes stateless.
    """
    incident, now = lock_incident(incident), timezone.now()
    if end_time == incident.end_time:
        return
    if end_time is None or incident.end_time is None:
        raise DomainError("An incident is stateless from its start, or never.", field="end_time")
    if end_time < incident.start_time:
        raise DomainError("An incident cannot end before it starts.", field="end_time")
    was_open = incident.state_at(now) is State.OPEN
    if not was_open and end_time > now:
        record_event(incident, EventType.REOPEN, actor=actor)
    if end_time != INFINITY and (was_open or end_time > now):
        record_event(incident, EventType.CLOSE, actor=actor, timestamp=end_time)
    elif was_open or end_time <= now:
        _correct_end_time(incident, end_time, actor=actor)


def _correct_end_time(incident: Incident, end_time: datetime, *, actor) -> None:
    _check_may_act(incident, actor)
    old, incident.end_time = incident.end_time, end_time
    incident.save(update_fields=["end_time"])
    description = f"End time corrected from {wire_time(old)} to {wire_time(end_time)}."
    _write_event(incident, EventType.OTHER, actor=actor, timestamp=timezone.now(), description=description)


@transaction.atomic
def change_tags(
    incident: Incident, *, actor, added: list[tuple[str, str]] = (), removed: list[tuple[str, str]] = ()
) -> None:
    """Put tags on the incident and take others off, whatever became of its tags since the actor looked at them."""
    incident = lock_incident(incident)
    current = incident.tag_relations.order_by("pk").values_list("tag__key", "tag__value")
    update_incident(incident, actor=actor, tags=[*(pair for pair in current if pair not in removed), *added])


@transaction.atomic
def delete_incident(incident: Incident, *, actor) -> None:
    """Remove the incident with its whole history, as if it had never been. For superusers; nothing tells of it."""
    if not actor.is_superuser:
        raise NotPermittedError("Only superusers may delete incidents.")
    try:
        audit("deleted", log_name(incident), actor=actor)
        lock_incident(incident).delete()
    except (ProtectedError, RestrictedError):
        raise DomainError("The incident cannot be deleted: something still refers to it.") from None


def party_of(actor) -> Party:
    """Tell whether the account belongs to a source system or to a person. One query the first time."""
    return Party.SOURCE if hasattr(actor, "source_system") else Party.USER


def _check_may_act(incident: Incident, actor) -> Party:
    """Keep source systems to their own incidents, but for those that hold ``change_incident``; tell who it is."""
    party = party_of(actor)
    is_entitled = party is Party.USER or incident.source_id == actor.source_system.pk
    if not (is_entitled or actor.has_perm("argus_incident.change_incident")):
        raise NotPermittedError("A source system can change its own incidents only.")
    return party


def lock_incident(incident: Incident) -> Incident:
    """Read the row again and hold it until the end of the transaction."""
    return Incident.objects.select_for_update(of=("self",)).select_related("source").get(pk=incident.pk)


def _write_event(
    incident: Incident, event_type: EventType, *, kind: ChangeKind = ChangeKind.MODIFIED, **values
) -> Event:
    event = Event(incident=incident, type=event_type, received=timezone.now(), **values)
    write_events([event], kind)
    return event


def write_events(events: Sequence[Event], kind: ChangeKind) -> None:
    """Store events whose effect is written already, with a change each; within the transaction of the change."""
    Event.objects.bulk_create(events)
    event_recorded.send(sender=Event, events=events)
    record_changes([event.incident for event in events], kind, events=events)
