"""The services that change incidents.

Only they, ``creation``, ``sync`` and ``tags`` write incidents.

Each function is one transaction: it locks the incident, asks ``lifecycle``, and writes the rows, the event and the
change feed. ``actor`` is the user who makes the change. Times are aware datetimes. Errors: ``DomainError`` for a
change that the rules refuse, ``NotPermittedError`` for an actor without the permission, ``ConflictError`` if the
present state does not allow it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q, RestrictedError
from django.utils import timezone

from argus.api.fields import format_time
from argus.auth.models import User
from argus.util.errors import ConflictError, DomainError, NotPermittedError
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name
from argus.util.prepared import PreparedQuery
from argus.util.urls import check_details_url, check_http_url

from .changes import record_changes, write_events
from .lifecycle import EventType, Party, State, check_is_posted, check_timestamp, next_state, refusal
from .models import Acknowledgement, ChangeKind, Event, Incident
from .tags import replace_tags

LOCKED_INCIDENT = PreparedQuery(
    lambda: Incident.objects.select_for_update(of=("self",)).select_related("source").filter(pk=0)
)


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
    account. No user is notified of a ``quiet`` event. Of two users who close the incident at once, one is refused.
    """
    incident, now = lock_incident(incident), timezone.now()
    party = party or check_may_change(incident, actor)
    timestamp = timestamp or _default_timestamp(party, now)
    check_is_posted(event_type)
    state = incident.state_at(now)
    is_repeated = event_type is EventType.END and incident.events.filter(type=EventType.END).exists()
    new_state = next_state(event_type, party=party, state=state, is_repeated=is_repeated)
    check_timestamp(event_type, party=party, timestamp=timestamp, start_time=incident.start_time)
    if new_state is not state:
        _save_end_time(incident, INFINITY if new_state is State.OPEN else max(timestamp, incident.start_time))
    event = Event(incident=incident, type=event_type, actor=actor, timestamp=timestamp, description=description)
    event.quiet = quiet
    write_events([event], kind=ChangeKind.EVENT if new_state is state else ChangeKind.MODIFIED)
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
def acknowledge(
    incident: Incident,
    *,
    actor: User,
    timestamp: datetime | None = None,
    description: str = "",
    expiration: datetime | None = None,
    party: Party | None = None,
    only_unacked: bool = False,
) -> Acknowledgement:
    """Acknowledge the incident until ``expiration``; without one, until the acknowledgement is cancelled.

    ``party`` as for ``record_event``. ``only_unacked``: raise ``ConflictError`` if the incident is acknowledged.
    """
    party = party or party_of(actor)
    # All states allow it, so the refusal needs no lock.
    next_state(EventType.ACKNOWLEDGE, party=party, state=State.OPEN)
    incident = lock_incident(incident)
    if only_unacked and incident.acked:
        raise ConflictError("This is already acknowledged.")
    timestamp = timestamp or timezone.now()
    if expiration is not None and expiration <= timestamp:
        raise DomainError("The expiration must be later than the event's timestamp.")
    until = expiration or INFINITY
    if incident.acked_until is None or until > incident.acked_until:
        _save_acked_until(incident, until)
    values = {"timestamp": timestamp, "description": description}
    event = Event(incident=incident, type=EventType.ACKNOWLEDGE, actor=actor, **values)
    write_events([event], kind=ChangeKind.MODIFIED)
    return Acknowledgement.objects.create(event=event, expiration=expiration)


@transaction.atomic
def cancel_acknowledgement(incident: Incident, *, actor: User) -> Event:
    """Let all acknowledgements of the incident expire now; they stay in the history.

    Raises ``ConflictError`` if the incident is not acknowledged.
    """
    incident, now = lock_incident(incident), timezone.now()
    if not incident.acked:
        raise ConflictError("This is not acknowledged.")
    acks = Acknowledgement.objects.filter(event__incident=incident)
    acks.filter(Q(expiration=None) | Q(expiration__gt=now)).update(expiration=now)
    _save_acked_until(incident, None)
    description = "The acknowledgement was cancelled."
    event = Event(incident=incident, type=EventType.OTHER, actor=actor, timestamp=now, description=description)
    write_events([event], kind=ChangeKind.MODIFIED)
    return event


@transaction.atomic
def delete_acknowledgement(ack: Acknowledgement, *, actor: User) -> None:
    """Delete an acknowledgement and its event from the history."""
    incident = lock_incident(ack.event.incident)
    audit("deleted an acknowledgement of", log_name(incident), actor=actor)
    ack.event.delete()
    remaining = Acknowledgement.objects.filter(event__incident=incident).values_list("expiration", flat=True)
    _save_acked_until(incident, max((expiration or INFINITY for expiration in remaining), default=None))
    record_changes([incident], ChangeKind.MODIFIED)


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


def _default_timestamp(party: Party, now: datetime) -> datetime:
    if party is Party.SOURCE:
        raise DomainError("A source system must give the timestamp.", field="timestamp")
    return now


def _save_end_time(incident: Incident, end_time: datetime) -> None:
    incident.end_time = end_time
    try:
        # Only the key can be in the way, and few incidents have one.
        with transaction.atomic(savepoint=incident.open_key is not None):
            incident.save(update_fields=["end_time"])
    except IntegrityError:
        raise refusal("It cannot be reopened: a newer incident about the same object is open.") from None


def _save_acked_until(incident: Incident, until: datetime | None) -> None:
    incident.acked_until = until
    incident.save(update_fields=["acked_until"])
