"""Decide who is notified of an event, from profiles in memory: no query per profile."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import get_user_model

from argus.incident.models import Event, IncidentTagRelation
from argus.incident.sources import ARGUS

from .models import Delivery, Medium, Reason, Verdict
from .profile_cache import CompiledProfile, Routing

# How close somebody came to being told, from the far side: of several reasons the last one here is given.
CLOSENESS = [Reason.INACTIVE, Reason.TIMESLOT, Reason.NO_MEDIUM, Reason.NO_ADDRESS, Reason.SWITCHED_OFF, Reason.NONE]


@dataclass(frozen=True)
class Facts:
    """What selection needs to know of an event."""

    event_id: int
    incident_id: int
    source_id: int
    is_about_argus: bool
    is_restricted: bool
    received: datetime
    tags: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """What the installation can do at the moment, and which medium must not tell of which incident: its own failure."""

    switched_on: bool
    configured: frozenset[str]
    silent_media: Callable[[], Mapping[int, str]] = dict


def load_facts(event_ids: Iterable[int]) -> list[Facts]:
    """Read what selection needs of these events, oldest first. Two queries, however many they are."""
    rows = Event.objects.filter(pk__in=event_ids).order_by("pk")
    columns = (
        "pk",
        "incident_id",
        "incident__source_id",
        "incident__source__type_id",
        "incident__restricted",
        "received",
    )
    events = list(rows.values_list(*columns))
    tags = defaultdict(lambda: defaultdict(set))
    relations = IncidentTagRelation.objects.filter(incident_id__in={incident for _, incident, *_ in events})
    for incident, key, value in relations.values_list("incident_id", "tag__key", "tag__value"):
        tags[incident][key].add(value)
    return [
        Facts(pk, incident, source, source_type == ARGUS, restricted, received, tags[incident])
        for pk, incident, source, source_type, restricted, received in events
    ]


def select(facts: Facts, routing: Routing, policy: Policy) -> list[Delivery]:
    """Return the lines of the ledger, not yet stored, for one event.

    One line for each person, medium and address, however many profiles match. People whose filters do not match get
    none: for each profile that existed then, the absence of a line tells just that. Nor do those who may not know of
    the incident.
    """
    lines: dict[tuple, Delivery] = {}
    # Asked only of incidents about Argus itself: it costs a query.
    silent = policy.silent_media().get(facts.incident_id) if facts.is_about_argus else None
    usable = policy.configured - {silent}
    for profile in routing.profiles:
        if facts.is_restricted and not profile.is_for_staff:
            continue
        if not any(criteria.match(source_id=facts.source_id, tags=facts.tags) for criteria in profile.criteria):
            continue
        for medium in profile.media:
            line = make_line(facts, profile, medium, usable, switched_on=policy.switched_on)
            key = (line.user_id, line.medium, line.address)
            if key not in lines or closeness(line) > closeness(lines[key]):
                lines[key] = line
    return list(lines.values())


def is_withheld(delivery: Delivery) -> bool:
    """Tell whether the person may not know of the incident, or not any more. One query, for restricted ones only."""
    if not delivery.event.incident.restricted:
        return False
    return not get_user_model().objects.filter(is_staff=True, pk=delivery.user_id).exists()


def make_line(
    facts: Facts, profile: CompiledProfile, medium: str, usable: frozenset[str], *, switched_on: bool
) -> Delivery:
    """Decide about one profile and medium, given that a filter matches."""
    address = profile.phone_number if medium == Medium.SMS else profile.email
    reason = reason_against(facts, profile, medium in usable, address)
    if not reason and not switched_on:
        reason = Reason.SWITCHED_OFF
    return Delivery(
        event_id=facts.event_id,
        incident_id=facts.incident_id,
        user_id=profile.user_id,
        profile_id=profile.profile_id,
        medium=medium,
        address=address,
        verdict=Verdict.SUPPRESSED if reason else Verdict.PENDING,
        reason=reason,
    )


def reason_against(facts: Facts, profile: CompiledProfile, is_usable: bool, address: str) -> Reason:
    """Return why this person cannot be told, or ``Reason.NONE``."""
    if not profile.is_active:
        return Reason.INACTIVE
    if not profile.includes(facts.received):
        return Reason.TIMESLOT
    if not is_usable:
        return Reason.NO_MEDIUM
    return Reason.NONE if address else Reason.NO_ADDRESS


def closeness(line: Delivery) -> int:
    return CLOSENESS.index(line.reason)
