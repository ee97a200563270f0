"""The state of an incident as badges."""

from functools import cache

from django.utils import timezone
from django.utils.html import format_html_join

from argus.adminkit.display import Kind, badge
from argus.incident.lifecycle import State
from argus.incident.models import Incident

STATE_KINDS: dict[State, Kind] = {State.OPEN: "alarm", State.CLOSED: "good", State.STATELESS: "plain"}


def state_badges(incident: Incident) -> str:
    """Return the state, and whether the incident is acknowledged or restricted. An acknowledged one is no alarm."""
    return _badges(incident.state_at(timezone.now()), incident.acked, incident.restricted)


@cache
def _badges(state: State, is_acked: bool, is_restricted: bool) -> str:
    words = [badge(state.value, "plain" if is_acked and state is State.OPEN else STATE_KINDS[state])]
    if is_acked:
        words.append(badge("acknowledged", "notice"))
    if is_restricted:
        words.append(badge("restricted"))
    return format_html_join(" ", "{}", ((word,) for word in words))
