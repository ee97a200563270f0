"""Hours are compared in the server's time zone, also when the clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest

from argus.incident.models import Change
from argus.notificationprofile.models import Delivery, Reason, Verdict
from argus.notificationprofile.profile_cache import CompiledProfile, Hours, ProfileCache, Target
from argus.notificationprofile.routing import Router
from argus.notificationprofile.selection import Policy, load_facts, select
from tests.factories import make_event, make_incident, make_user
from tests.notificationprofile.factories import make_profile, make_timeslot

EVERY_DAY = frozenset(range(1, 8))
# Oslo's clocks change at 01:00 UTC, in spring from one hour ahead of it to two, in autumn back.
NIGHTS = {datetime(2026, 3, 29, 1, tzinfo=UTC): (1, 2), datetime(2026, 10, 25, 1, tzinfo=UTC): (2, 1)}
POLICY = Policy(switched_on=True, configured=frozenset({"EM"}))


def profile_with(*hours: Hours) -> CompiledProfile:
    return CompiledProfile(1, 1, False, True, (Target("EM", "kari@example.org"),), hours, ())


def minutes_of(change: datetime):
    """Each minute of the UTC day around the change, beside what Oslo's clocks show, reckoned by hand."""
    before, after = NIGHTS[change]
    for minute in range(-12 * 60, 12 * 60):
        moment = change + timedelta(minutes=minute)
        yield moment, (moment + timedelta(hours=before if moment < change else after)).replace(tzinfo=None)


@pytest.mark.parametrize("change", NIGHTS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (time(2), time(2, 59, 59, 999999)),
        (time(1, 30), time(2, 30)),
        (time(2, 30), time(3, 30)),
        (time(0), time(2)),
        (time(3), time.max),
        (time(8), time(16)),
        (time.min, time.max),
    ],
)
def test_wall_clock_decides_in_the_nights_when_the_clocks_change(change, start, end):
    slot = profile_with(Hours(EVERY_DAY, start, end))

    for moment, wall in minutes_of(change):
        assert slot.includes(moment) == (start <= wall.time() <= end), moment


@pytest.mark.parametrize("change", NIGHTS)
def test_each_minute_of_a_clock_change_belongs_to_one_hour(change):
    turns = [
        profile_with(Hours(frozenset({day}), time(hour), time(hour, 59, 59, 999999)))
        for day in EVERY_DAY
        for hour in range(24)
    ]

    for moment, wall in minutes_of(change):
        told = [index for index, turn in enumerate(turns) if turn.includes(moment)]
        assert told == [(wall.isoweekday() - 1) * 24 + wall.hour], moment


@pytest.mark.parametrize(
    ("wall", "is_included"),
    [
        (time(7, 59, 59, 999999), False),
        (time(8), True),
        (time(16), True),
        (time(16, 0, 0, 1), False),
    ],
)
def test_both_bounds_are_included(wall, is_included):
    slot = profile_with(Hours(EVERY_DAY, time(8), time(16)))
    in_utc = datetime.combine(datetime(2024, 5, 15), wall, UTC) - timedelta(hours=2)

    assert slot.includes(in_utc) is is_included


def test_whole_day_ends_with_its_last_microsecond():
    monday = profile_with(Hours(frozenset({1}), time.min, time.max))
    midnight = datetime(2024, 5, 12, 22, tzinfo=UTC)

    assert not monday.includes(midnight - timedelta(microseconds=1))
    assert monday.includes(midnight)
    assert monday.includes(midnight + timedelta(days=1, microseconds=-1))
    assert not monday.includes(midnight + timedelta(days=1))


def test_any_of_several_recurrences_is_enough_and_none_means_never():
    slot = profile_with(Hours(frozenset({3}), time(8), time(9)), Hours(frozenset({3}), time(20), time(21)))
    told = [hour for hour in range(24) if slot.includes(datetime(2024, 5, 15, hour, 30, tzinfo=UTC))]

    assert told == [6, 18]
    assert not profile_with().includes(datetime(2024, 5, 15, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "Asia/Kolkata", "America/St_Johns"])
def test_zone_is_the_servers(settings, zone):
    settings.TIME_ZONE = zone
    offset = {"UTC": 0, "Europe/Oslo": 120, "Asia/Kolkata": 330, "America/St_Johns": -150}[zone]
    slot = profile_with(Hours(EVERY_DAY, time(12), time(12, 59)))
    noon = datetime(2024, 5, 15, 12, 30, tzinfo=UTC) - timedelta(minutes=offset)

    assert slot.includes(noon)
    assert not slot.includes(noon + timedelta(hours=1))


NIGHT, DAY = datetime(2026, 11, 17, 1, tzinfo=UTC), datetime(2026, 11, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(("said", "received", "reason"), [(NIGHT, DAY, Reason.NONE), (DAY, NIGHT, Reason.TIMESLOT)])
def test_time_of_receipt_is_compared_with_the_timeslot(db, said, received, reason):
    user = make_user()
    make_profile(user, timeslot=make_timeslot(user, hours=[(range(1, 8), time(8), time(16))]))
    event = make_event(make_incident(), timestamp=said)
    type(event).objects.filter(pk=event.pk).update(received=received)
    Change.objects.exclude(event=event).update(routed=True)

    Router().route(POLICY)

    assert Delivery.objects.get().reason == reason


def test_stored_timeslot_includes_its_hours(db):
    user = make_user()
    slot = make_timeslot(user, hours=[([6, 7], time.min, time.max), ([1], time(8), time(15, 59, 59))])
    make_profile(user, timeslot=slot)
    event = make_incident().events.get()
    told = []
    for hours in range(7 * 24):
        received = datetime(2024, 5, 12, 22, 30, tzinfo=UTC) + timedelta(hours=hours)
        type(event).objects.filter(pk=event.pk).update(received=received)
        (facts,) = load_facts([event.pk])
        (line,) = select(facts, ProfileCache.load(1), POLICY)
        if line.verdict == Verdict.PENDING:
            told.append(hours)

    assert told == [*range(8, 16), *range(5 * 24, 7 * 24)]
