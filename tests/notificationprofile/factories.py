"""Factories of time slots, filters, profiles and deliveries."""

import json
from datetime import time
from itertools import count

from argus.incident.models import Event
from argus.notificationprofile.models import (
    Delivery,
    Filter,
    NotificationProfile,
    ProfileVersion,
    TimeRecurrence,
    Timeslot,
)
from argus.notificationprofile.profile_cache import VERSION

API = "/api/v1/notificationprofiles/"
TIMESLOTS = f"{API}timeslots/"
FILTERS = f"{API}filters/"
PREVIEW = f"{API}filterpreview/"

_numbers = count(1)


def make_timeslot(user, name: str = "", *, hours=((range(1, 8), time.min, time.max),)) -> Timeslot:
    """A time slot; always, unless other hours (days, start, end) are given."""
    slot = Timeslot.objects.create(user=user, name=name or f"slot {next(_numbers)}")
    for days, start, end in hours:
        TimeRecurrence.objects.create(timeslot=slot, days=[str(day) for day in days], start=start, end=end)
    return slot


def make_filter(user, name: str = "", **criteria) -> Filter:
    """A filter that matches everything, unless ``sourceSystemIds`` or ``tags`` are given."""
    text = json.dumps(criteria or {"sourceSystemIds": [], "tags": []})
    return Filter.objects.create(user=user, name=name or f"filter {next(_numbers)}", filter_string=text)


def make_profile(user, *, timeslot=None, filters=None, media=("EM",), **values) -> NotificationProfile:
    """A profile for everything, at all times, by e-mail."""
    # The clean-up after a test that committed deletes this row, and routing needs it.
    ProfileVersion.objects.get_or_create(pk=VERSION)
    profile = NotificationProfile.objects.create(
        user=user, timeslot=timeslot or make_timeslot(user), media=list(media), **values
    )
    profile.filters.set([make_filter(user)] if filters is None else filters)
    return profile


def make_line(event: Event, user, **values) -> Delivery:
    """A delivery by e-mail, unless another medium is given."""
    values = {"medium": "EM", "address": user.email, **values}
    return Delivery.objects.create(event=event, incident_id=event.incident_id, user=user, **values)
