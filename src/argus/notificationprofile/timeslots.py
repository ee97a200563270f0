"""Time slots: the one that everybody has from the start."""

from .models import Day, TimeRecurrence, Timeslot

DEFAULT_NAME = "All the time"


def create_default_timeslot(user) -> Timeslot:
    """Give the user a slot without gaps."""
    timeslot = Timeslot.objects.create(user=user, name=DEFAULT_NAME)
    TimeRecurrence.objects.create(
        timeslot=timeslot, days=Day.values, start=TimeRecurrence.DAY_START, end=TimeRecurrence.DAY_END
    )
    return timeslot
