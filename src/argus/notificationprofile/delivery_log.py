"""The delivery log of an event: which users were notified, which were not, and why.

A profile has a delivery if one of its filters matched. Other profiles have none, because one row per event and profile
would be too many. The API shows them with the reason "filter".
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from argus.api.arrays import MAX_ROWS
from argus.api.fields import format_time
from argus.auth.models import User
from argus.incident.models import Change, Event

from .models import Delivery, NotificationProfile, Reason, Verdict
from .profile_cache import targets_of

# ``manage.py prune_deliveries`` deletes older deliveries, so a missing one says nothing about older events.
DELIVERY_RETENTION = timedelta(days=90)


def deliveries_of(event: Event, user: User) -> QuerySet[Delivery]:
    """Return the event's deliveries that the user may see: their own, or all for staff."""
    deliveries = Delivery.objects.filter(event=event).select_related("user", "profile")
    return deliveries if user.is_staff else deliveries.filter(user_id=user.pk)


def represent_deliveries(deliveries: list[Delivery], *, for_staff: bool) -> list[dict[str, Any]]:
    """Represent deliveries for the API. Errors may contain internals of the installation, so only staff see them."""
    return [
        {
            "pk": delivery.pk,
            "event": delivery.event_id,
            "user": {"pk": delivery.user_id, "username": delivery.user.get_username()},
            "profile": delivery.profile and delivery.profile.timeslot_id,
            "medium": {"value": delivery.medium, "display": delivery.get_medium_display()},
            "address": delivery.address,
            "verdict": delivery.verdict,
            "reason": delivery.reason,
            "attempts": delivery.attempts,
            "created": format_time(delivery.created),
            "due": format_time(delivery.due),
            "settled": format_time(delivery.settled),
            "last_error": delivery.last_error if for_staff else None,
        }
        for delivery in deliveries
    ]


def represent_others(event: Event, user: User, deliveries: list[Delivery]) -> list[dict[str, Any]]:
    """Represent the profiles without a delivery. ``deliveries`` are all that the user may see. Four queries at most.

    Until the event is routed, these are all profiles, with the verdict "pending". Later they are the profiles that
    existed when the event was received, and whose filters did not match or whose users may not see the incident.
    """
    room = MAX_ROWS - len(deliveries)
    profiles = NotificationProfile.objects.select_related("user", "phone_number").order_by("pk")
    if not user.is_staff:
        profiles = profiles.filter(user_id=user.pk)
    if Change.objects.unrouted().filter(event=event).exists():
        return [represent_other(event, profile, is_routed=False) for profile in profiles[:room]]
    if event.received < timezone.now() - DELIVERY_RETENTION:
        return []
    selected = {delivery.profile_id for delivery in deliveries}
    addresses = {(delivery.user_id, delivery.medium, delivery.address) for delivery in deliveries}
    profiles = profiles.filter(created__lte=event.received).prefetch_related("user__destinations")[:MAX_ROWS]
    others = (
        profile
        for profile in profiles
        if profile.pk not in selected and not addresses.issuperset(addresses_of(profile))
    )
    return [represent_other(event, profile, is_routed=True) for profile in islice(others, room)]


def addresses_of(profile: NotificationProfile) -> Iterator[tuple[int, str, str]]:
    """Yield the key of each delivery that the profile can have.

    A user has one delivery per medium and address, so the delivery of another profile may count for this one.
    """
    number = profile.phone_number and profile.phone_number.phone_number
    destinations = profile.user.destinations.all()
    for target in targets_of(profile.media, email=profile.user.email, phone_number=number, destinations=destinations):
        yield profile.user_id, target.medium, target.address


def reason_of_other(event: Event, profile: NotificationProfile, *, is_routed: bool) -> Reason:
    """Return why a profile has no delivery, or ``Reason.NONE`` until the event is routed."""
    if event.incident.restricted and not profile.user.is_staff:
        return Reason.RESTRICTED
    if event.quiet:
        return Reason.QUIET
    return Reason.FILTER if is_routed else Reason.NONE


def represent_other(event: Event, profile: NotificationProfile, *, is_routed: bool) -> dict[str, Any]:
    """Represent a profile without a delivery, with the keys of a delivery."""
    reason = reason_of_other(event, profile, is_routed=is_routed)
    return {
        "pk": None,
        "event": event.pk,
        "user": {"pk": profile.user_id, "username": profile.user.get_username()},
        "profile": profile.timeslot_id,
        "medium": None,
        "address": "",
        "verdict": (Verdict.SUPPRESSED if reason else Verdict.PENDING).value,
        "reason": reason.value,
        "attempts": 0,
        "created": None,
        "due": None,
        "settled": None,
        "last_error": None,
    }
