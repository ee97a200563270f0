"""Keep all notification profiles in memory, and load them again when any part of them has changed.

Selection then needs one query per batch of events: the version of the profiles.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import NamedTuple

from django.db.models import F
from django.utils import timezone

from argus.incident.criteria import Criteria, read_criteria
from argus.util.errors import DomainError

from .media.registry import configured_media
from .models import EMAIL, MAX_ADDRESS, SMS, Destination, Filter, NotificationProfile, ProfileVersion, TimeRecurrence

VERSION = 1


def invalidate_profile_cache() -> None:
    """Increase the version of the profiles, in the transaction that changes what selection depends on."""
    ProfileVersion.objects.filter(pk=VERSION).update(number=F("number") + 1)


class Hours(NamedTuple):
    """The same hours on some days of the week, in the server's time zone. The bounds are included."""

    days: frozenset[int]
    start: time
    end: time

    def include(self, local: datetime) -> bool:
        """Return whether a local time is within the hours."""
        return local.isoweekday() in self.days and self.start <= local.time() <= self.end


class Target(NamedTuple):
    """A place to send notifications to. The address is empty if the user has none for this medium."""

    medium: str
    address: str
    destination_id: int | None = None


@dataclass(frozen=True)
class CompiledProfile:
    """A notification profile with its filters, hours and targets."""

    profile_id: int
    user_id: int
    is_for_staff: bool
    is_active: bool
    targets: tuple[Target, ...]
    hours: tuple[Hours, ...]
    criteria: tuple[Criteria, ...]

    def includes(self, moment: datetime) -> bool:
        """Return whether an aware datetime is within the time slot."""
        local = timezone.localtime(moment, timezone.get_default_timezone())
        return any(hours.include(local) for hours in self.hours)


@dataclass(frozen=True)
class ProfileCache:
    """All notification profiles at one version."""

    version: int
    profiles: tuple[CompiledProfile, ...] = ()

    @classmethod
    def load(cls, version: int) -> "ProfileCache":
        """Read all profiles. Four queries, independent of their number."""
        hours, criteria, destinations = load_hours(), load_criteria(), load_destinations()
        rows = NotificationProfile.objects.values_list(
            "pk",
            "user_id",
            "user__is_staff",
            "active",
            "user__is_active",
            "media",
            "user__email",
            "phone_number__phone_number",
            "timeslot",
        )
        profiles = (
            CompiledProfile(
                profile_id=pk,
                user_id=user,
                is_for_staff=staff,
                is_active=active and user_active,
                targets=tuple(targets_of(media, email=email, phone_number=phone, destinations=destinations[user])),
                hours=tuple(hours[slot]),
                criteria=tuple(criteria[pk]),
            )
            for pk, user, staff, active, user_active, media, email, phone, slot in rows
        )
        return cls(version, tuple(profiles))


def targets_of(
    media: Iterable[str], *, email: str, phone_number: object, destinations: Iterable[Destination]
) -> Iterator[Target]:
    """Yield where a profile with these media sends to: all destinations of its user, for media beside e-mail and SMS.

    A medium without an address yields one target, so that the delivery log shows the reason.
    """
    configured = configured_media()
    for code in media:
        if code == EMAIL:
            yield Target(code, email)
        elif code == SMS:
            yield Target(code, str(phone_number or ""))
        else:
            own = [destination for destination in destinations if destination.medium == code]
            setting = configured[code].address_setting if code in configured else ""
            yield from (Target(code, str(one.settings.get(setting, ""))[:MAX_ADDRESS], one.pk) for one in own)
            if not own:
                yield Target(code, "")


def load_destinations() -> dict[int, list[Destination]]:
    """Return the destinations of each user."""
    destinations = defaultdict(list)
    for destination in Destination.objects.order_by("pk"):
        destinations[destination.user_id].append(destination)
    return destinations


def load_hours() -> dict[int, list[Hours]]:
    """Return the recurrences of each time slot."""
    hours = defaultdict(list)
    for slot, days, start, end in TimeRecurrence.objects.values_list("timeslot_id", "days", "start", "end"):
        hours[slot].append(Hours(frozenset(int(day) for day in days), start, end))
    return hours


def load_criteria() -> dict[int, list[Criteria]]:
    """Return the criteria of each profile. An invalid filter is left out: it matches nothing."""
    criteria = defaultdict(list)
    relations = Filter.notification_profiles.through.objects
    for profile, text in relations.values_list("notificationprofile_id", "filter__filter_string"):
        try:
            criteria[profile].append(read_criteria(text))
        except DomainError:
            continue
    return criteria
