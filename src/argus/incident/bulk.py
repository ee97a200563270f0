"""New incidents by the hundred: a handful of statements and one transaction for all, a result for each."""

from enum import StrEnum
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from argus.util.errors import DomainError
from argus.util.rows import insert_missing

from .models import Incident
from .services import draft_incident, record_start
from .tags import add_tags_to_all

# What no two incidents have in common.
NAME = ("source_id", "source_incident_id")


class Status(StrEnum):
    """What became of an incident that was posted together with others."""

    CREATED = "created"
    EXISTS = "exists"
    INVALID = "invalid"


class Result(NamedTuple):
    """The status of one incident, and either its pk or why it is not there."""

    status: Status
    pk: int | None = None
    error: DomainError | None = None


def create_incidents(wanted: list[dict], *, actor) -> list[Result]:
    """Take in new incidents, with their tags and start events, and tell what became of each, in the same order.

    ``wanted`` holds what ``create_incident`` takes. An incident whose id its source has used before, be it in the same
    list, stays as it is; one that breaks a rule is not taken in; neither stops the others. The number of queries does
    not grow with them, but for very many tags.
    """
    drafts = [_draft(values) for values in wanted]
    first: dict[tuple, tuple[Incident, list]] = {}
    for draft, values in zip(drafts, wanted, strict=True):
        if isinstance(draft, Incident):
            first.setdefault(_name(draft), (draft, values.get("tags", ())))
    with transaction.atomic():
        # In one order, so that two lists with the same ids wait for each other and never in a ring.
        insert_missing([first[name][0] for name in sorted(first)], unique=NAME)
        new = [(incident, tags) for incident, tags in first.values() if incident.pk]
        add_tags_to_all(new, actor=actor, now=timezone.now())
        record_start([incident for incident, _ in new])
        known = _keys_by_name([draft for draft in drafts if isinstance(draft, Incident) and draft.pk is None])
    return [_result(draft, known) for draft in drafts]


def _draft(values: dict) -> Incident | DomainError:
    try:
        return draft_incident(**{name: value for name, value in values.items() if name != "tags"})
    except DomainError as error:
        return error


def _name(incident: Incident) -> tuple:
    """What tells incidents from each other before they have a pk."""
    return tuple(getattr(incident, part) for part in NAME)


def _keys_by_name(incidents: list[Incident]) -> dict[tuple, int]:
    if not incidents:
        return {}
    sources, names = zip(*map(_name, incidents), strict=True)
    there = Incident.objects.filter(source__in=set(sources), source_incident_id__in=set(names))
    return {tuple(name): pk for pk, *name in there.values_list("pk", *NAME)}


def _result(draft: Incident | DomainError, known: dict[tuple, int]) -> Result:
    if isinstance(draft, DomainError):
        return Result(Status.INVALID, error=draft)
    if draft.pk is None:
        return Result(Status.EXISTS, pk=known[_name(draft)])
    return Result(Status.CREATED, pk=draft.pk)
