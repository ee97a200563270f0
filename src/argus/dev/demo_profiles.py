"""Demo data: notification profiles of the operators. The filters match few incidents, so that few e-mails are sent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from argus.auth.models import PhoneNumber, User
from argus.notificationprofile.models import (
    EMAIL,
    SMS,
    Day,
    Filter,
    NotificationProfile,
    TimeRecurrence,
    Timeslot,
)

WEEKDAYS = Day.values[:5]


@dataclass(frozen=True)
class Subscription:
    """What an operator wants to be notified of. ``office_hours`` means weekdays from 8 to 16, else always."""

    filter_name: str
    tags: Sequence[str]
    media: Sequence[str] = (EMAIL,)
    office_hours: bool = False
    phone_number: str = ""


SUBSCRIPTIONS = {
    "kari": Subscription("Routers in Oslo", ["object=gw", "location=oslo"]),
    # Without an SMS gateway, the delivery log shows why there was no SMS.
    "ola": Subscription(
        "Links in Narvik", ["problem_type=linkState", "location=narvik"], [EMAIL, SMS], phone_number="+4722222222"
    ),
    "aino": Subscription("Databases", ["object=db1"], office_hours=True),
}


def create_profile(user: User) -> NotificationProfile | None:
    """Create the notification profile of a new operator, or return None if the table has none."""
    wanted = SUBSCRIPTIONS.get(user.username)
    if wanted is None:
        return None
    timeslot = office_hours_of(user) if wanted.office_hours else user.timeslots.get()
    number = PhoneNumber.objects.create(user=user, phone_number=wanted.phone_number) if wanted.phone_number else None
    text = json.dumps({"sourceSystemIds": [], "tags": list(wanted.tags)})
    profile = NotificationProfile.objects.create(
        user=user, timeslot=timeslot, media=list(wanted.media), phone_number=number
    )
    profile.filters.add(Filter.objects.create(user=user, name=wanted.filter_name, filter_string=text))
    return profile


def office_hours_of(user: User) -> Timeslot:
    """Create a time slot for weekdays from 8 to 16."""
    timeslot = Timeslot.objects.create(user=user, name="Office hours")
    TimeRecurrence.objects.create(timeslot=timeslot, days=WEEKDAYS, start=time(8), end=time(16))
    return timeslot
