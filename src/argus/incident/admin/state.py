"""The state of an incident as badges."""

from django.utils import timezone
from django.utils.html import format_html_join

from argus.adminkit.display import Kind, badge
from argus.incident.lifecycle import State
from argus.incident.models import Incident

STATE_KINDS: dict[State, Kind] = {State.OPEN: "alarm", State.CLOSED: "good", State.STATELESS: "plain"}


def state_badges(incident: Incident) -> str:
    """Return the state, and whether the incident is acknowledged or restricted. An acknowledged one is no alarm."""
    state = incident.state_at(timezone.now())
    words = [badge(state.value, "plain" if incident.acked and state is State.OPEN else STATE_KINDS[state])]
    if incident.acked:
        words.append(badge("acknowledged", "notice"))
    if incident.restricted:
        words.append(badge("restricted"))
    return format_html_join(" ", "{}", ((word,) for word in words))
