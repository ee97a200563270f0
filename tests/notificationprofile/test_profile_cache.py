"""The profile cache of a worker is up to date after every kind of change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.auth.models import PhoneNumber
from argus.incident.models import Change, Incident
from argus.notificationprofile.models import Delivery, Filter
from argus.notificationprofile.routing import Router
from argus.notificationprofile.selection import Policy
from tests.factories import make_event, make_incident, make_user
from tests.notificationprofile.factories import make_filter, make_profile, make_timeslot

POLICY = Policy(switched_on=True, configured=frozenset({"EM", "SM"}))


@pytest.fixture
def profile(db):
    user = make_user("kari")
    number = PhoneNumber.objects.create(user=user, phone_number="+4767676767")
    return make_profile(user, media=["EM", "SM"], phone_number=number)


@pytest.fixture
def router() -> Router:
    """One router for the whole test, as in a worker."""
    return Router()


@pytest.fixture
def tell(profile, router):
    """Record an event and return the addresses of its deliveries."""
    incident, actor = make_incident(tags=["a=b"]), make_user()
    router.route(POLICY)

    def route() -> set[str]:
        Delivery.objects.all().delete()
        make_event(incident, actor=actor)
        router.route(POLICY)
        return set(Delivery.objects.filter(reason="").values_list("address", flat=True))

    return route


def change(row, **values) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


MAIL, SMS = "kari@example.org", "+4767676767"
CHANGES = {
    "profile switched off": (lambda profile: change(profile, active=False), set()),
    "media": (lambda profile: change(profile, media=["SM"]), {SMS}),
    "moved to another slot": (
        lambda profile: change(profile, timeslot=make_timeslot(profile.user, hours=())),
        set(),
    ),
    "hours": (lambda profile: profile.timeslot.time_recurrences.get().delete(), set()),
    "slot": (lambda profile: profile.timeslot.delete(), set()),
    "phone number": (lambda profile: change(profile.phone_number, phone_number="+4791234567"), {MAIL, "+4791234567"}),
    "phone number deleted": (lambda profile: profile.phone_number.delete(), {MAIL}),
    "e-mail": (lambda profile: change(profile.user, email="other@example.org"), {"other@example.org", SMS}),
    "person deactivated": (lambda profile: change(profile.user, is_active=False), set()),
    "filter edited": (lambda profile: change(profile.filters.get(), filter_string='{"tags": ["a=c"]}'), set()),
    "filter broken": (lambda profile: change(profile.filters.get(), filter_string="{"), set()),
    "filter deleted": (lambda profile: profile.filters.get().delete(), set()),
    "filters deleted in bulk": (lambda profile: Filter.objects.all().delete(), set()),
    "filters set": (lambda profile: profile.filters.set([make_filter(profile.user, tags=["a=c"])]), set()),
    "filters cleared": (lambda profile: profile.filters.clear(), set()),
    "filter's profiles": (lambda profile: profile.filters.get().notification_profiles.remove(profile), set()),
    "profile deleted": (lambda profile: profile.delete(), set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_counts_from_the_next_event_on(profile, tell, name):
    apply, expected = CHANGES[name]
    assert tell() == {MAIL, SMS}

    apply(profile)

    assert tell() == expected


def test_cache_is_kept_without_a_change(profile, tell, router):
    tell()
    routing = router.profiles

    profile.user.save(update_fields=["last_login"])
    make_incident(Incident.objects.get().source)
    Change.objects.update(routed=True)
    with CaptureQueriesContext(connection) as queries:
        tell()

    assert router.profiles is routing
    assert not any("timerecurrence" in query["sql"] for query in queries)


def test_new_profile_counts_at_once(profile, tell):
    other = make_user("ola")
    assert "ola@example.org" not in tell()

    make_profile(other)

    assert tell() == {MAIL, SMS, "ola@example.org"}


def test_invalid_filter_does_not_affect_other_filters(profile, tell):
    broken = make_filter(profile.user)
    profile.filters.add(broken)

    change(broken, filter_string="[1")

    assert tell() == {MAIL, SMS}
