"""The state machine, compared with a table written from the contract. No database."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from argus.incident.lifecycle import (
    TRANSITIONS,
    EventType,
    Party,
    State,
    StateError,
    check_is_posted,
    check_timestamp,
    next_state,
)
from argus.util.errors import DomainError

NO = None
STATES = ("stateless", "open", "closed")
REFUSED = (NO, NO, NO)
SAME = STATES

# (type, party): the state afterwards if it was stateless, open, closed; NO where the event is refused.
FIRST_TIME = {
    ("STA", "source"): REFUSED,
    ("STA", "user"): REFUSED,
    ("STA", "sync"): REFUSED,
    ("END", "source"): ("stateless", "closed", "closed"),
    ("END", "user"): REFUSED,
    ("END", "sync"): (NO, "closed", NO),
    ("CLO", "source"): REFUSED,
    ("CLO", "user"): (NO, "closed", NO),
    ("CLO", "sync"): (NO, "closed", NO),
    ("REO", "source"): REFUSED,
    ("REO", "user"): (NO, NO, "open"),
    ("REO", "sync"): (NO, NO, "open"),
    ("ACK", "source"): REFUSED,
    ("ACK", "user"): SAME,
    ("ACK", "sync"): REFUSED,
    ("OTH", "source"): SAME,
    ("OTH", "user"): SAME,
    ("OTH", "sync"): REFUSED,
}
# An incident has one END.
REPEATED = FIRST_TIME | {("END", "source"): REFUSED, ("END", "sync"): REFUSED}
PARTIES = {"source": Party.SOURCE, "user": Party.USER, "sync": Party.SYNC}
TABLE = [
    (*who, is_repeated, state, after)
    for is_repeated, table in ((False, FIRST_TIME), (True, REPEATED))
    for who, outcomes in table.items()
    for state, after in zip(STATES, outcomes, strict=True)
]


def outcome(type: str, party: str, is_repeated: bool, state: str) -> str | None:
    try:
        return next_state(EventType(type), party=PARTIES[party], state=State(state), is_repeated=is_repeated).value
    except DomainError:
        return NO


def test_the_table_is_complete():
    types = [event_type.value for event_type in EventType]
    assert {line[:4] for line in TABLE} == set(product(types, PARTIES, (False, True), STATES))
    assert set(TRANSITIONS) == set(Party) == set(PARTIES.values())


@pytest.mark.parametrize(("type", "party", "is_repeated", "state", "after"), TABLE)
def test_each_line_of_the_contract_holds(type, party, is_repeated, state, after):
    assert outcome(type, party, is_repeated, state) == after


@pytest.mark.parametrize(("type", "party", "is_repeated", "state"), [line[:4] for line in TABLE if line[4] is NO])
def test_each_refusal_is_one_sentence_about_the_type(type, party, is_repeated, state):
    with pytest.raises(DomainError) as caught:
        next_state(EventType(type), party=PARTIES[party], state=State(state), is_repeated=is_repeated)
    assert list(caught.value.messages) == ["type"]
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(("type", "state"), [("CLO", State.CLOSED), ("REO", State.OPEN), ("CLO", State.STATELESS)])
def test_an_event_that_does_not_fit_the_state_is_a_state_error(type, state):
    with pytest.raises(StateError, match=state.value):
        next_state(EventType(type), party=Party.USER, state=state)


@pytest.mark.parametrize(("type", "text"), [("STA", "when the incident is created"), ("ACK", "acks/")])
def test_starts_and_acknowledgements_are_not_posted_as_events(type, text):
    with pytest.raises(DomainError, match=text):
        check_is_posted(EventType(type))


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("type", ["END", "CLO", "REO", "OTH"])
def test_only_users_must_not_close_or_reopen_an_incident_before_its_start(type, party):
    start = datetime(2024, 5, 15, 12, tzinfo=UTC)
    values = {"party": PARTIES[party], "start_time": start}
    check_timestamp(EventType(type), timestamp=start, **values)
    refused = pytest.raises(DomainError, match="before the incident started")
    with refused if party == "user" and type != "OTH" else nullcontext():
        check_timestamp(EventType(type), timestamp=start - timedelta(microseconds=1), **values)


def test_the_types_have_the_codes_and_names_of_the_contract():
    assert {event_type.value: event_type.label for event_type in EventType} == {
        "STA": "Incident start",
        "END": "Incident end",
        "CLO": "Close",
        "REO": "Reopen",
        "ACK": "Acknowledge",
        "OTH": "Other",
    }


class AnyHistory(RuleBasedStateMachine):
    """Any events by any party in any order lead through the transitions of the contract only."""

    def __init__(self):
        super().__init__()
        self.state = self.first = State.STATELESS
        self.seen = []
        self.moved_by = []

    @rule(state=st.sampled_from(State))
    def start_again(self, state):
        self.__init__()
        self.state = self.first = state

    @rule(event_type=st.sampled_from(EventType), party=st.sampled_from(Party))
    def record(self, event_type, party):
        try:
            after = next_state(event_type, party=party, state=self.state, is_repeated=event_type in self.seen)
        except DomainError:
            return
        if after is not self.state:
            self.moved_by.append((event_type, self.state, after))
        self.seen.append(event_type)
        self.state = after

    @invariant()
    def stateless_stays_stateless_and_stateful_stateful(self):
        assert (self.state is State.STATELESS) == (self.first is State.STATELESS)

    @invariant()
    def an_incident_has_one_end_and_no_second_start(self):
        assert EventType.START not in self.seen
        assert self.seen.count(EventType.END) <= 1

    @invariant()
    def only_end_close_and_reopen_change_the_state(self):
        assert set(self.moved_by) <= {
            (EventType.END, State.OPEN, State.CLOSED),
            (EventType.CLOSE, State.OPEN, State.CLOSED),
            (EventType.REOPEN, State.CLOSED, State.OPEN),
        }


TestAnyHistory = AnyHistory.TestCase
