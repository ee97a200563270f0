"""From changed incidents to messages: read once, rendered once, however many are told."""

from collections.abc import Iterable
from typing import NamedTuple

from argus.incident.api.v1.representation import COLUMNS, Row, represent_rows
from argus.incident.models import Incident
from argus.util.json import dumps

from . import messages
from .journal import Push


class Change(NamedTuple):
    """That an incident is new, or has changed."""

    incident: int
    created: bool


def render(changes: Iterable[Change]) -> list[Push]:
    """Return the messages about these changes, in their order, with what is true now. Two queries for all.

    Of incidents that have been deleted there is nothing to tell.
    """
    wanted = {change.incident for change in changes}
    found = Incident.objects.filter(pk__in=wanted).values_list("restricted", *COLUMNS)
    restricted, rows = {}, []
    for is_restricted, *values in found:
        rows.append(Row(*values))
        restricted[rows[-1].pk] = is_restricted
    shown = {incident["pk"]: dumps(incident) for incident in represent_rows(rows)}
    return [
        Push(pk, restricted[pk], messages.change(shown[pk], created=created)) for pk, created in changes if pk in shown
    ]
