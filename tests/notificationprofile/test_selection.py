"""Selection: reasons, one delivery per user and address, and query counts."""

import json
from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.auth.models import PhoneNumber, User
from argus.incident.models import Change
from argus.incident.sources import get_argus_source
from argus.notificationprofile.models import (
    Delivery,
    Filter,
    NotificationProfile,
    Reason,
    TimeRecurrence,
    Timeslot,
    Verdict,
)
from argus.notificationprofile.profile_cache import ProfileCache
from argus.notificationprofile.routing import Router
from argus.notificationprofile.selection import Policy, load_facts, select
from tests.factories import make_event, make_incident, make_source, make_user
from tests.notificationprofile.factories import make_filter, make_profile, make_timeslot

BOTH = frozenset({"EM", "SM"})
NEVER = ((range(1, 8), time(0), time(0, 0, 0, 1)),)


@pytest.fixture
def user(db):
    return make_user("kari")


@pytest.fixture
def number(user):
    return PhoneNumber.objects.create(user=user, phone_number="+4767676767")


def lines_for(incident, *, switched_on=True, configured=BOTH, silent=None) -> list[Delivery]:
    """What selection says of the incident's latest event."""
    policy = Policy(switched_on, frozenset(configured), lambda: silent or {})
    (facts,) = load_facts([incident.events.latest("pk").pk])
    return select(facts, ProfileCache.load(1), policy)


def verdicts_for(incident, **policy) -> set[tuple]:
    return {(one.medium, one.address, one.verdict, one.reason) for one in lines_for(incident, **policy)}


def test_matching_profile_gets_a_delivery_per_medium(user, number):
    profile = make_profile(user, media=["EM", "SM"], phone_number=number)

    assert verdicts_for(make_incident()) == {
        ("EM", "kari@example.org", Verdict.PENDING, ""),
        ("SM", "+4767676767", Verdict.PENDING, ""),
    }
    assert {(one.user, one.profile) for one in lines_for(make_incident())} == {(user, profile)}


def test_profile_without_matching_filter_gets_no_delivery(user):
    make_profile(user, filters=[make_filter(user, tags=["a=b"]), make_filter(user, sourceSystemIds=[10**9])])
    make_profile(make_user(), filters=[])

    assert lines_for(make_incident(tags=["a=c"])) == []
    assert len(lines_for(make_incident(tags=["a=c", "a=b"]))) == 1


def test_inactive_profile_or_user_is_a_reason(user):
    profile = make_profile(user, active=False)
    incident = make_incident()
    assert [one.reason for one in lines_for(incident)] == [Reason.INACTIVE]

    NotificationProfile.objects.filter(pk=profile.pk).update(active=True)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert [one.reason for one in lines_for(incident)] == [Reason.INACTIVE]


def test_time_outside_the_timeslot_is_a_reason(user):
    make_profile(user, timeslot=make_timeslot(user, hours=NEVER))

    assert [one.reason for one in lines_for(make_incident())] == [Reason.TIMESLOT]


def test_unconfigured_medium_is_a_reason(user, number):
    make_profile(user, media=["EM", "SM"], phone_number=number)

    lines = lines_for(make_incident(), configured={"EM"})

    assert {one.medium: one.reason for one in lines} == {"EM": Reason.NONE, "SM": Reason.NO_MEDIUM}


def test_missing_address_is_a_reason(user):
    User.objects.filter(pk=user.pk).update(email="")
    make_profile(user, media=["EM", "SM"])

    assert verdicts_for(make_incident()) == {
        ("EM", "", Verdict.SUPPRESSED, Reason.NO_ADDRESS),
        ("SM", "", Verdict.SUPPRESSED, Reason.NO_ADDRESS),
    }


def test_switched_off_notifications_are_a_reason(user):
    make_profile(user)

    assert [one.reason for one in lines_for(make_incident(), switched_on=False)] == [Reason.SWITCHED_OFF]


def test_medium_does_not_report_its_own_outage(user, number):
    make_profile(user, media=["EM", "SM"], phone_number=number)
    about_mail, other = make_incident(get_argus_source()), make_incident(get_argus_source())

    reasons = {one.medium: one.reason for one in lines_for(about_mail, silent={about_mail.pk: "EM"})}

    assert reasons == {"EM": Reason.NO_MEDIUM, "SM": Reason.NONE}
    assert {one.reason for one in lines_for(other, silent={about_mail.pk: "EM"})} == {Reason.NONE}


def test_user_with_several_matching_profiles_gets_one_delivery_per_address(user, number):
    other_number = PhoneNumber.objects.create(user=user, phone_number="+4791234567")
    for phone in (number, number, other_number, None):
        make_profile(user, media=["EM", "SM"], phone_number=phone)

    assert sorted((one.medium, one.address, one.verdict) for one in lines_for(make_incident())) == [
        ("EM", "kari@example.org", Verdict.PENDING),
        ("SM", "", Verdict.SUPPRESSED),
        ("SM", "+4767676767", Verdict.PENDING),
        ("SM", "+4791234567", Verdict.PENDING),
    ]


def test_users_who_share_a_mailbox_get_separate_deliveries(user):
    people = [user, make_user("ola", email=user.email)]
    for person in people:
        make_profile(person)

    assert [one.user for one in lines_for(make_incident())] == people


@pytest.mark.parametrize("order", [1, -1])
def test_reason_with_the_highest_priority_is_recorded(user, order):
    def inactive():
        make_profile(user, active=False)

    def out_of_time():
        make_profile(user, timeslot=make_timeslot(user, hours=NEVER))

    for make in [inactive, out_of_time][::order]:
        make()
    assert [one.reason for one in lines_for(make_incident())] == [Reason.TIMESLOT]

    make_profile(user)
    assert [one.reason for one in lines_for(make_incident())] == [Reason.NONE]


def test_event_finds_the_tags_and_the_source_of_its_incident(user):
    source = make_source()
    make_profile(user, filters=[make_filter(user, sourceSystemIds=[source.pk], tags=["a=1", "b=2", "b=3"])])

    told = [
        bool(lines_for(make_incident(where, tags=tags)))
        for where, tags in [
            (source, ["a=1", "b=3"]),
            (source, ["a=1", "b=1", "b=2"]),
            (source, ["a=1"]),
            (source, ["a=2", "b=2"]),
            (None, ["a=1", "b=2"]),
        ]
    ]

    assert told == [True, True, False, False, False]


# What it costs


def make_crowd(number: int) -> None:
    """So many people, each with a profile of a single tag."""
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.org") for n in range(number))
    slots = Timeslot.objects.bulk_create(Timeslot(user=person, name="Always") for person in people)
    TimeRecurrence.objects.bulk_create(
        TimeRecurrence(timeslot=slot, days=list("1234567"), start=time.min, end=time.max) for slot in slots
    )
    filters = Filter.objects.bulk_create(
        Filter(user=person, name="One", filter_string=json.dumps({"tags": [f"host={n % 100}"]}))
        for n, person in enumerate(people)
    )
    pairs = zip(people, slots, strict=True)
    profiles = NotificationProfile.objects.bulk_create(
        NotificationProfile(user=person, timeslot=slot, media=["EM"]) for person, slot in pairs
    )
    through = Filter.notification_profiles.through
    through.objects.bulk_create(
        through(filter=wanted, notificationprofile=profile) for wanted, profile in zip(filters, profiles, strict=True)
    )


def test_selecting_among_1000_profiles_takes_two_queries(db):
    make_crowd(1000)
    event = make_incident(tags=["host=7"]).events.get()
    routing = ProfileCache.load(1)

    with CaptureQueriesContext(connection) as queries:
        (facts,) = load_facts([event.pk])
        lines = select(facts, routing, Policy(True, BOTH))

    assert len(queries) == 2
    assert len(lines) == 10


def test_profiles_are_loaded_with_four_queries(db, django_assert_num_queries):
    make_crowd(300)

    with django_assert_num_queries(4):
        assert len(ProfileCache.load(1).profiles) == 300


def queries_of_routing(incidents: list) -> int:
    """Route the events of these incidents, with the profiles in memory."""
    policy, router = Policy(True, BOTH, dict), Router()
    make_event(incidents[0])
    router.route(policy)
    Change.objects.filter(kind="created", incident__in=incidents).update(routed=False)
    Delivery.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        assert router.route(policy) == len(incidents)
    return len(queries)


def test_routing_takes_as_many_queries_for_many_events_as_for_one(db):
    make_crowd(100)
    incidents = [make_incident(tags=[f"host={n}"]) for n in range(20)]
    Change.objects.update(routed=True)

    assert queries_of_routing(incidents[:1]) == queries_of_routing(incidents)


def test_incident_about_argus_is_looked_up_once_for_all_profiles(db):
    make_crowd(10)
    asked = []
    policy = Policy(True, BOTH, lambda: asked.append(1) or {})
    (facts,) = load_facts([make_incident(get_argus_source(), tags=["host=1"]).events.get().pk])
    (other,) = load_facts([make_incident(tags=["host=1"]).events.get().pk])

    select(facts, ProfileCache.load(1), policy)
    select(other, ProfileCache.load(1), policy)

    assert len(asked) == 1
