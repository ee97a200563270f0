"""Create many incidents in one transaction, with a constant number of queries and a result for each."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from argus.auth.models import User
from argus.util.errors import DomainError
from argus.util.rows import insert_missing

from .models import Incident
from .services import build_incident, record_start
from .tags import add_tags_to_all

# The unique constraint by which an incident is recognised.
UNIQUE_FIELDS = ("source_id", "source_incident_id")
UniqueKey = tuple[int, str]


class Status(StrEnum):
    """The outcome for one incident of the list."""

    CREATED = "created"
    EXISTS = "exists"
    INVALID = "invalid"


class Result(NamedTuple):
    """The outcome for one incident: its primary key, or the error."""

    status: Status
    pk: int | None = None
    error: DomainError | None = None


def create_incidents(items: Sequence[dict[str, Any]], *, actor: User) -> list[Result]:
    """Create incidents with their tags and start events, and return the outcome for each, in the same order.

    ``items``: arguments of ``create_incident``. An incident that exists already, also earlier in the same list, stays
    as it is. An invalid one is not created and stops no other.
    """
    built = [_build(values) for values in items]
    first: dict[UniqueKey, tuple[Incident, Sequence[tuple[str, str]]]] = {}
    for incident, values in zip(built, items, strict=True):
        if isinstance(incident, Incident):
            first.setdefault(_unique_key(incident), (incident, values.get("tags", ())))
    with transaction.atomic():
        # Sorted, so that concurrent lists with the same ids do not deadlock.
        insert_missing([first[key][0] for key in sorted(first)], unique=UNIQUE_FIELDS)
        created = [(incident, tags) for incident, tags in first.values() if incident.pk]
        add_tags_to_all(created, actor=actor, now=timezone.now())
        record_start([incident for incident, _ in created])
        existing = _find_existing([one for one in built if isinstance(one, Incident) and not one.pk])
    return [_result(one, existing) for one in built]


def _build(values: dict[str, Any]) -> Incident | DomainError:
    try:
        return build_incident(**{name: value for name, value in values.items() if name != "tags"})
    except DomainError as error:
        return error


def _unique_key(incident: Incident) -> UniqueKey:
    return incident.source_id, incident.source_incident_id


def _find_existing(incidents: Sequence[Incident]) -> dict[UniqueKey, int]:
    """Return the primary keys of the rows with the same source and source id."""
    if not incidents:
        return {}
    source_ids, names = zip(*map(_unique_key, incidents), strict=True)
    rows = Incident.objects.filter(source__in=set(source_ids), source_incident_id__in=set(names))
    return {(source_id, name): pk for pk, source_id, name in rows.values_list("pk", *UNIQUE_FIELDS)}


def _result(incident: Incident | DomainError, existing: dict[UniqueKey, int]) -> Result:
    if isinstance(incident, DomainError):
        return Result(Status.INVALID, error=incident)
    if incident.pk is None:
        return Result(Status.EXISTS, pk=existing[_unique_key(incident)])
    return Result(Status.CREATED, pk=incident.pk)
