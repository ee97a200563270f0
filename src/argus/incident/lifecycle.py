"""The state machine of an incident: which party may record which event in which state, and the state afterwards.

Pure decisions over one table. There is no database here and no clock: callers pass in what they know.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from django.db.models import TextChoices

from argus.util.errors import DomainError


class EventType(TextChoices):
    """What can happen to an incident. The value is the code on the wire, the label its ``display``."""

    START = "STA", "Incident start"
    END = "END", "Incident end"
    CLOSE = "CLO", "Close"
    REOPEN = "REO", "Reopen"
    ACKNOWLEDGE = "ACK", "Acknowledge"
    OTHER = "OTH", "Other"


class State(Enum):
    """The state of an incident. A stateless one stays stateless."""

    STATELESS = "stateless"
    OPEN = "open"
    CLOSED = "closed"


class Party(Enum):
    """The kind of actor: a user, a source system, or the synchronisation of a source's open incidents."""

    USER = "An end user"
    SOURCE = "A source system"
    SYNC = "A synchronisation"


UNCHANGED = {state: state for state in State}

# The new state by party, event type and present state. What is missing is refused.
TRANSITIONS: Mapping[Party, Mapping[EventType, Mapping[State, State]]] = {
    Party.USER: {
        EventType.CLOSE: {State.OPEN: State.CLOSED},
        EventType.REOPEN: {State.CLOSED: State.OPEN},
        EventType.ACKNOWLEDGE: UNCHANGED,
        EventType.OTHER: UNCHANGED,
    },
    Party.SOURCE: {
        # The end of an incident that a user has closed is kept in the history.
        EventType.END: {**UNCHANGED, State.OPEN: State.CLOSED},
        EventType.OTHER: UNCHANGED,
    },
    Party.SYNC: {
        EventType.END: {State.OPEN: State.CLOSED},
        EventType.CLOSE: {State.OPEN: State.CLOSED},
        EventType.REOPEN: {State.CLOSED: State.OPEN},
    },
}
# An incident can have one event of these types.
SINGLE = {EventType.START, EventType.END}
# Other services record events of these types.
NOT_POSTED = {
    EventType.START: "The start event is written when the incident is created; it cannot be posted.",
    EventType.ACKNOWLEDGE: "Acknowledgements are posted to the incident's acks/ address.",
}


class StateError(DomainError):
    """The event type is allowed, but not in the present state of the incident."""


def next_state(event_type: EventType, *, party: Party, state: State, is_repeated: bool = False) -> State:
    """Return the state after the event, which may be the present one.

    ``is_repeated``: the incident has an event of this type already. Raises ``DomainError`` on the field ``type`` for
    an event that the table does not have; ``StateError`` if it has it for other states.
    """
    transitions = TRANSITIONS[party].get(event_type)
    if transitions is None and event_type is EventType.ACKNOWLEDGE:
        raise refusal(f"{party.value} cannot post acknowledgements.")
    if transitions is None:
        raise refusal(f'{party.value} cannot post an event of type "{event_type.label}".')
    if is_repeated and event_type in SINGLE:
        raise refusal(f'The incident already has an event of type "{event_type.label}".')
    if state not in transitions:
        already = "" if state is State.STATELESS else "already "
        raise StateError(messages={"type": f"The incident is {already}{state.value}."})
    return transitions[state]


def check_is_posted(event_type: EventType) -> None:
    """Refuse the event types that the service of posted events does not record."""
    if event_type in NOT_POSTED:
        raise refusal(NOT_POSTED[event_type])


def check_timestamp(event_type: EventType, *, party: Party, timestamp: datetime, start_time: datetime) -> None:
    """Refuse a user's close or reopening that is dated before the start of the incident.

    An end by a source is accepted, because its clock may be coarse or wrong. It takes effect at the start.
    """
    if party is Party.USER and event_type is not EventType.OTHER and timestamp < start_time:
        raise DomainError("This is before the incident started.", field="timestamp")


def refusal(sentence: str) -> DomainError:
    """Return the error for a forbidden event type: one sentence on the field ``type``."""
    return DomainError(messages={"type": sentence})
