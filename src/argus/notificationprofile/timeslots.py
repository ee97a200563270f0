"""The time slot of new users."""

from argus.auth.models import User

from .models import Day, TimeRecurrence, Timeslot

DEFAULT_NAME = "All the time"


def create_default_timeslot(user: User) -> Timeslot:
    """Create a time slot that covers every day completely."""
    timeslot = Timeslot.objects.create(user=user, name=DEFAULT_NAME)
    TimeRecurrence.objects.create(
        timeslot=timeslot, days=Day.values, start=TimeRecurrence.DAY_START, end=TimeRecurrence.DAY_END
    )
    return timeslot
