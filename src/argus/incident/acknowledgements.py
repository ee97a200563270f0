"""The services that acknowledge incidents, and take acknowledgements back. As for ``services``."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from argus.auth.models import User
from argus.util.errors import ConflictError, DomainError
from argus.util.infinity import INFINITY
from argus.util.logs import audit, log_name

from .changes import record_changes
from .lifecycle import EventType, Party, State, next_state
from .models import Acknowledgement, ChangeKind, Event, Incident
from .services import lock_incident, party_of, write_events


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

    ``party`` as in ``record_event``. ``only_unacked``: raise ``ConflictError`` if the incident is acknowledged.
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
    event = Event(
        incident=incident, type=EventType.ACKNOWLEDGE, actor=actor, timestamp=timestamp, description=description
    )
    until = expiration or INFINITY
    if incident.acked_until is None or until > incident.acked_until:
        _save_acked_until(incident, until)
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


def _save_acked_until(incident: Incident, until: datetime | None) -> None:
    incident.acked_until = until
    incident.save(update_fields=["acked_until"])
