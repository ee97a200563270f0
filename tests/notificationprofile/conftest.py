"""Profiles with their parts, of the caller and of another user."""

import pytest

from argus.auth.models import PhoneNumber
from argus.notificationprofile.models import ProfileVersion
from argus.notificationprofile.profile_cache import VERSION
from tests.factories import make_user
from tests.notificationprofile.factories import make_filter, make_profile, make_timeslot


@pytest.fixture
def slot(as_user):
    return make_timeslot(as_user.user, "Nights")


@pytest.fixture
def own_filter(as_user):
    return make_filter(as_user.user, "Everything")


@pytest.fixture
def number(as_user):
    return PhoneNumber.objects.create(user=as_user.user, phone_number="+4767676767")


@pytest.fixture
def profile(as_user, slot, own_filter):
    return make_profile(as_user.user, timeslot=slot, filters=[own_filter])


@pytest.fixture
def foreign_profile(db):
    """The profile of another user, with all parts."""
    other = make_user("other")
    number = PhoneNumber.objects.create(user=other, phone_number="+4791234567")
    slot, theirs = make_timeslot(other, "Theirs"), make_filter(other, "Theirs")
    return make_profile(other, timeslot=slot, filters=[theirs], phone_number=number)


@pytest.fixture
def routing_changes(db):
    """Call a function, and return by how much the version of the profiles grew."""

    def number() -> int:
        return ProfileVersion.objects.get_or_create(pk=VERSION)[0].number

    def during(call, *args, **kwargs) -> int:
        before = number()
        call(*args, **kwargs)
        return number() - before

    return during
