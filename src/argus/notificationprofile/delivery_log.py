"""Who was told of an event, who was not, and why: the ledger as the API shows it.

The ledger has a line wherever a filter matched. That none of a profile's filters matched is not written down for
every event and profile; it is told here, from the absence of a line.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.db.models import QuerySet
from django.utils import timezone

from argus.api.arrays import MOST_ROWS
from argus.api.fields import wire_time
from argus.incident.models import Change, Event

from .models import Delivery, NotificationProfile, Reason, Verdict
from .profile_cache import targets_of

# How far back an absent line tells something: older lines may have been deleted (``manage.py prune_deliveries``).
LEDGER_DAYS = 90


def lines_of(event: Event, user) -> QuerySet[Delivery]:
    """Return what the ledger has of the event: the user's own lines; for staff those of everybody."""
    lines = Delivery.objects.filter(event=event).select_related("user", "profile")
    return lines if user.is_staff else lines.filter(user_id=user.pk)


def represent_lines(lines: list[Delivery], *, for_staff: bool) -> list[dict]:
    """Show lines of the ledger. What went wrong is for staff: it may speak of the insides of the installation."""
    return [
        {
            "pk": line.pk,
            "event": line.event_id,
            "user": {"pk": line.user_id, "username": line.user.get_username()},
            "profile": line.profile and line.profile.timeslot_id,
            "medium": {"value": line.medium, "display": line.get_medium_display()},
            "address": line.address,
            "verdict": line.verdict,
            "reason": line.reason,
            "attempts": line.attempts,
            "created": wire_time(line.created),
            "due": wire_time(line.due),
            "settled": wire_time(line.settled),
            "last_error": line.last_error if for_staff else None,
        }
        for line in lines
    ]


def represent_others(event: Event, user, lines: list[Delivery]) -> list[dict]:
    """Show the profiles that the ledger does not speak of, given all of its lines that the user may see.

    As long as the event has not been routed, that is any profile, and its verdict is pending. After that, it is each
    that was there when the event was received and whose filters did not match, or whose owner may not know of the
    incident. Four queries at most.
    """
    room = MOST_ROWS - len(lines)
    profiles = NotificationProfile.objects.select_related("user", "phone_number").order_by("pk")
    if not user.is_staff:
        profiles = profiles.filter(user_id=user.pk)
    if Change.objects.unrouted().filter(event=event).exists():
        return [represent_other(event, profile, is_routed=False) for profile in profiles[:room]]
    if event.received < timezone.now() - timedelta(days=LEDGER_DAYS):
        return []
    selected, addresses = set(), set()
    for line in lines:
        selected.add(line.profile_id)
        addresses.add((line.user_id, line.medium, line.address))
    profiles = profiles.filter(created__lte=event.received).prefetch_related("user__destinations")[:MOST_ROWS]
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


def reason_for_silence(event: Event, profile: NotificationProfile, *, is_routed: bool) -> Reason:
    """Return why a profile has no line; none as long as that is still to be decided."""
    if event.incident.restricted and not profile.user.is_staff:
        return Reason.RESTRICTED
    if event.quiet:
        return Reason.QUIET
    return Reason.FILTER if is_routed else Reason.NONE


def represent_other(event: Event, profile: NotificationProfile, *, is_routed: bool) -> dict:
    """Show a profile in the form of a line that is not there."""
    reason = reason_for_silence(event, profile, is_routed=is_routed)
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
