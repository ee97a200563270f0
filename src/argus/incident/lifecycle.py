"""The state machine of an incident: who may post which event in which state, and what comes of it.

Pure decisions over one table. There is no database here and no clock: callers pass in what they know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """Where an incident stands. A stateless one never moves."""

    STATELESS = "stateless"
    OPEN = "open"
    CLOSED = "closed"


class Party(Enum):
    """Who acts: a monitoring system through its source's account, or a person."""

    SOURCE = "A source system"
    USER = "An end user"


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    ``by``: who may post it. ``moves``: from which state to which it takes the incident. ``strict``: refuse it in other
    states, instead of keeping it without effect. ``once``: an incident can have only one. ``refusal``: why it is
    refused to those who may not post it, in place of the general sentence.
    """

    by: frozenset[Party] = frozenset()
    moves: Mapping[State, State] = field(default_factory=dict)
    strict: bool = False
    once: bool = False
    refusal: str = ""


SOURCE, USER = frozenset({Party.SOURCE}), frozenset({Party.USER})

RULES = {
    EventType.START: Rule(refusal="The start event is written when the incident is created; it cannot be posted."),
    # A source's late end of an incident that a user has closed is kept and changes nothing.
    EventType.END: Rule(by=SOURCE, moves={State.OPEN: State.CLOSED}, once=True),
    EventType.CLOSE: Rule(by=USER, moves={State.OPEN: State.CLOSED}, strict=True),
    EventType.REOPEN: Rule(by=USER, moves={State.CLOSED: State.OPEN}, strict=True),
    EventType.ACKNOWLEDGE: Rule(refusal="Acknowledgements are posted to the incident's acks/ address."),
    EventType.OTHER: Rule(by=SOURCE | USER),
}


def next_state(event_type: EventType, *, party: Party, state: State, is_repeated: bool) -> State:
    """Return the state that the event takes the incident to, which may be the one it is in.

    ``is_repeated`` tells whether the incident has an event of this type already. Raises ``DomainError`` on the field
    ``type`` when the table has no such move.
    """
    rule = RULES[event_type]
    name = f'"{event_type.label}"'
    if party not in rule.by:
        raise refusal(rule.refusal or f"{party.value} cannot post an event of type {name}.")
    if rule.once and is_repeated:
        raise refusal(f"The incident already has an event of type {name}.")
    if rule.strict and state not in rule.moves:
        raise refusal(f"An event of type {name} does not fit: the incident is {state.value}.")
    return rule.moves.get(state, state)


def refusal(sentence: str) -> DomainError:
    """Return the error for a forbidden event type: one sentence on the field ``type`` (contract, "Everywhere")."""
    return DomainError(messages={"type": sentence})
