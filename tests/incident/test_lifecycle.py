"""The state machine, by a table written from the contract. No database."""

from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from argus.incident.lifecycle import RULES, EventType, Party, State, next_state
from argus.util.errors import DomainError

NO = None
STATES = ("stateless", "open", "closed")

# (type, who): what the incident is afterwards if it was stateless, open, closed; NO where the event is refused.
FIRST_TIME = {
    ("STA", "source"): (NO, NO, NO),
    ("STA", "user"): (NO, NO, NO),
    ("END", "source"): ("stateless", "closed", "closed"),
    ("END", "user"): (NO, NO, NO),
    ("CLO", "source"): (NO, NO, NO),
    ("CLO", "user"): (NO, "closed", NO),
    ("REO", "source"): (NO, NO, NO),
    ("REO", "user"): (NO, NO, "open"),
    ("ACK", "source"): (NO, NO, NO),
    ("ACK", "user"): (NO, NO, NO),
    ("OTH", "source"): ("stateless", "open", "closed"),
    ("OTH", "user"): ("stateless", "open", "closed"),
}
# The only event that an incident can have but once and that can be posted at all.
AGAIN = FIRST_TIME | {("END", "source"): (NO, NO, NO)}
PARTIES = {"source": Party.SOURCE, "user": Party.USER}
TABLE = [
    (*who, is_repeated, state, after)
    for is_repeated, table in ((False, FIRST_TIME), (True, AGAIN))
    for who, outcomes in table.items()
    for state, after in zip(STATES, outcomes, strict=True)
]


def outcome(type: str, party: str, is_repeated: bool, state: str) -> str | None:
    try:
        return next_state(EventType(type), party=PARTIES[party], state=State(state), is_repeated=is_repeated).value
    except DomainError:
        return NO


def test_the_table_leaves_nothing_out():
    types = [event_type.value for event_type in EventType]
    asked = {line[:4] for line in TABLE}
    assert asked == set(product(types, PARTIES, (False, True), STATES))
    assert set(RULES) == set(EventType)


@pytest.mark.parametrize(("type", "party", "is_repeated", "state", "after"), TABLE)
def test_each_line_of_the_contract_holds(type, party, is_repeated, state, after):
    assert outcome(type, party, is_repeated, state) == after


@pytest.mark.parametrize(("type", "party", "is_repeated", "state"), [line[:4] for line in TABLE if line[4] is NO])
def test_each_refusal_is_one_sentence_about_the_type(type, party, is_repeated, state):
    with pytest.raises(DomainError) as caught:
        next_state(EventType(type), party=PARTIES[party], state=State(state), is_repeated=is_repeated)
    assert list(caught.value.messages) == ["type"]
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("party", PARTIES)
def test_a_refused_ack_names_the_address_for_acks(party):
    with pytest.raises(DomainError, match="acks/"):
        next_state(EventType.ACKNOWLEDGE, party=PARTIES[party], state=State.OPEN, is_repeated=False)


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
    """Whoever posts whatever in any order: there are no other ways than those of the contract."""

    def __init__(self):
        super().__init__()
        self.state = self.first = State.STATELESS
        self.seen = []
        self.moved_by = []

    @rule(state=st.sampled_from(State))
    def start_anew(self, state):
        self.__init__()
        self.state = self.first = state

    @rule(event_type=st.sampled_from(EventType), party=st.sampled_from(Party))
    def post(self, event_type, party):
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
    def nobody_starts_an_incident_again_or_ends_it_twice(self):
        assert EventType.START not in self.seen
        assert EventType.ACKNOWLEDGE not in self.seen
        assert self.seen.count(EventType.END) <= 1

    @invariant()
    def only_end_close_and_reopen_move_it(self):
        assert set(self.moved_by) <= {
            (EventType.END, State.OPEN, State.CLOSED),
            (EventType.CLOSE, State.OPEN, State.CLOSED),
            (EventType.REOPEN, State.CLOSED, State.OPEN),
        }


TestAnyHistory = AnyHistory.TestCase
