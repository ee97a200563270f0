"""Decide who is notified of an event, from profiles in memory: no query per profile."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import get_user_model

from argus.incident.models import Event, IncidentTagRelation
from argus.incident.sources import ARGUS

from .models import EMAIL, SMS, Delivery, Reason, Verdict
from .profile_cache import CompiledProfile, ProfileCache, Target

# If several profiles select the same address, the delivery has the last of their reasons in this order.
REASON_PRIORITY = [
    Reason.INACTIVE,
    Reason.TIMESLOT,
    Reason.NO_MEDIUM,
    Reason.NO_ADDRESS,
    Reason.SWITCHED_OFF,
    Reason.NONE,
]


@dataclass(frozen=True)
class Facts:
    """The facts about an event that selection depends on."""

    event_id: int
    incident_id: int
    source_id: int
    is_about_argus: bool
    is_restricted: bool
    received: datetime
    tags: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """The configuration at the moment. ``failing_media`` returns which incident reports the failure of which medium."""

    switched_on: bool
    configured: frozenset[str]
    failing_media: Callable[[], Mapping[int, str]] = dict


def load_facts(event_ids: Iterable[int]) -> list[Facts]:
    """Read the facts about these events, oldest first. Two queries."""
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
    tags: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    relations = IncidentTagRelation.objects.filter(incident_id__in={incident for _, incident, *_ in events})
    for incident, key, value in relations.values_list("incident_id", "tag__key", "tag__value"):
        tags[incident][key].add(value)
    return [
        Facts(pk, incident, source, source_type == ARGUS, restricted, received, tags[incident])
        for pk, incident, source, source_type, restricted, received in events
    ]


def select(facts: Facts, cache: ProfileCache, policy: Policy) -> list[Delivery]:
    """Return the new deliveries of an event, not yet stored.

    Each user has one delivery per medium and address, however many profiles match. A profile without a matching filter
    gets none, so the absence of a delivery shows that. Restricted incidents are selected for staff only.
    """
    deliveries: dict[tuple[int, str, str], Delivery] = {}
    # Only for incidents about Argus itself, because it costs a query.
    failing = policy.failing_media().get(facts.incident_id) if facts.is_about_argus else None
    usable = policy.configured - {failing}
    for profile in cache.profiles:
        if facts.is_restricted and not profile.is_for_staff:
            continue
        if not any(criteria.match(source_id=facts.source_id, tags=facts.tags) for criteria in profile.criteria):
            continue
        for target in profile.targets:
            delivery = make_delivery(facts, profile, target, usable, switched_on=policy.switched_on)
            key = (delivery.user_id, delivery.medium, delivery.address)
            if key not in deliveries or priority_of(delivery) > priority_of(deliveries[key]):
                deliveries[key] = delivery
    return list(deliveries.values())


def make_delivery(
    facts: Facts, profile: CompiledProfile, target: Target, usable: frozenset[str | None], *, switched_on: bool
) -> Delivery:
    """Decide about one profile and target, given that a filter matches."""
    reason = suppression_reason(facts, profile, target, usable)
    if not reason and not switched_on:
        reason = Reason.SWITCHED_OFF
    return Delivery(
        event_id=facts.event_id,
        incident_id=facts.incident_id,
        user_id=profile.user_id,
        profile_id=profile.profile_id,
        medium=target.medium,
        address=target.address,
        destination_id=target.destination_id,
        verdict=Verdict.SUPPRESSED if reason else Verdict.PENDING,
        reason=reason,
    )


def suppression_reason(facts: Facts, profile: CompiledProfile, target: Target, usable: frozenset[str | None]) -> Reason:
    """Return why nothing is sent to the target, or ``Reason.NONE``."""
    if not profile.is_active:
        return Reason.INACTIVE
    if not profile.includes(facts.received):
        return Reason.TIMESLOT
    if target.medium not in usable:
        return Reason.NO_MEDIUM
    return Reason.NONE if target.address else Reason.NO_ADDRESS


def late_suppression_reason(delivery: Delivery) -> Reason:
    """Return why a selected delivery must not be sent any more, or ``Reason.NONE``.

    The user may have lost the staff status, or the destination may have been deleted. One query, and only for
    restricted incidents.
    """
    if delivery.medium not in {EMAIL, SMS} and delivery.destination_id is None:
        return Reason.NO_ADDRESS
    if not delivery.event.incident.restricted:
        return Reason.NONE
    is_staff = get_user_model().objects.filter(is_staff=True, pk=delivery.user_id).exists()
    return Reason.NONE if is_staff else Reason.RESTRICTED


def priority_of(delivery: Delivery) -> int:
    """Return the rank of the reason: the lowest one is reported."""
    return REASON_PRIORITY.index(Reason(delivery.reason))
