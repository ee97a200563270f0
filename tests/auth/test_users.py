"""The current user, and other users."""

import pytest

from argus.auth.models import PhoneNumber
from tests.factories import make_client, make_user
from tests.tables import for_each

pytestmark = pytest.mark.once

USER = "/api/v1/auth/user/"
USERS = "/api/v1/auth/users/"


def test_users_see_themselves_with_exactly_these_keys(as_user):
    number = PhoneNumber.objects.create(user=as_user.user, phone_number="+4767676767")

    response = as_user.get(USER)

    assert response.status_code == 200
    assert response.json() == {
        "username": "operator",
        "first_name": "",
        "last_name": "",
        "email": "operator@example.org",
        "phone_numbers": [{"pk": number.pk, "user": as_user.user.pk, "phone_number": "+4767676767"}],
    }


def test_missing_names_of_users_are_empty_texts(as_source):
    assert as_source.get(USER).json() == {
        "username": "nav.example.org",
        "first_name": "",
        "last_name": "",
        "email": "",
        "phone_numbers": [],
    }


def test_users_see_others_with_exactly_these_keys_and_no_phone_numbers(as_user):
    other = make_user("other", first_name="Ada", last_name="Lovelace")
    PhoneNumber.objects.create(user=other, phone_number="+4767676767")

    response = as_user.get(f"{USERS}{other.pk}/")

    assert response.status_code == 200
    assert response.json() == {
        "username": "other",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "other@example.org",
    }


def test_source_systems_may_read_users_too(as_source):
    other = make_user()

    assert as_source.get(f"{USERS}{other.pk}/").status_code == 200


@for_each("pk", ["0", "999999", "9" * 19, "9" * 30, "9" * 5000, "-1", "x", "1x", "%00", "%ff", "٣"])
def test_users_that_do_not_exist_are_404(as_user, pk):
    response = as_user.get(f"{USERS}{pk}/")

    assert response.status_code == 404
    assert list(response.json()) == ["detail"]


def test_anonymous_requests_for_users_are_401(as_stranger):
    user = make_user()

    assert as_stranger.get(USER).status_code == 401
    assert as_stranger.get(f"{USERS}{user.pk}/").status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_users_cannot_be_changed_over_the_api(as_superuser, method):
    user = make_user("unchanged")

    for address in (USER, f"{USERS}{user.pk}/"):
        response = getattr(as_superuser, method)(address, {"username": "changed"})
        assert response.status_code == 405
        assert list(response.json()) == ["detail"]
    assert make_client(user).get(USER).json()["username"] == "unchanged"
