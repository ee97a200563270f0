"""Notification profiles over REST."""

import pytest

from argus.notificationprofile.models import Delivery, NotificationProfile
from tests.factories import INCIDENTS, make_incident, make_incidents, make_source
from tests.notificationprofile.factories import API, FILTERS, TIMESLOTS, make_filter, make_line, make_profile
from tests.notificationprofile.factories import make_timeslot as new_slot
from tests.raw import send_json
from tests.tables import for_each

pytestmark = pytest.mark.once


def address_of(slot) -> str:
    """The address of the profile that has this time slot."""
    return f"{API}{getattr(slot, 'pk', slot)}/"


@pytest.fixture
def body(slot, own_filter, number) -> dict:
    return {
        "timeslot": slot.pk,
        "filters": [own_filter.pk],
        "media": ["EM", "SM"],
        "phone_number": number.pk,
        "active": True,
    }


def test_profile_is_created_and_shown_with_its_parts(as_user, body, slot, own_filter, number):
    response = as_user.post(API, body)

    assert response.status_code == 201
    shown = response.json()
    assert list(shown) == ["pk", "timeslot", "filters", "media", "phone_number", "active"]
    assert shown["pk"] == slot.pk
    assert shown["timeslot"] == as_user.get(f"{TIMESLOTS}{slot.pk}/").json()
    assert shown["filters"] == [as_user.get(f"{FILTERS}{own_filter.pk}/").json()]
    assert sorted(shown["media"]) == ["EM", "SM"]
    assert shown["phone_number"] == {"pk": number.pk, "user": as_user.user.pk, "phone_number": "+4767676767"}
    assert shown["active"] is True
    assert as_user.get(address_of(slot)).json() == shown
    assert as_user.get(API).json() == [shown]


def test_phone_number_and_activity_are_optional(as_user, slot, own_filter):
    response = as_user.post(API, {"timeslot": slot.pk, "filters": [own_filter.pk], "media": ["SM"]})

    assert response.status_code == 201
    assert (response.json()["phone_number"], response.json()["active"]) == (None, True)


@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart"])
def test_profile_can_be_posted_as_a_form(as_user, slot, own_filter, form):
    data = {"timeslot": slot.pk, "filters": own_filter.pk, "media": "EM"}
    request = {"data": data, "format": form} if form == "multipart" else {"content_type": form}
    request.setdefault("data", "&".join(f"{name}={value}" for name, value in data.items()))

    response = as_user.post(API, **request)

    assert response.status_code == 201, response.content
    assert response.json()["active"] is True


def test_pk_of_a_profile_is_that_of_its_timeslot(as_user, slot):
    """Slots and profiles are numbered apart, so the two are not the same by accident."""
    profile = make_profile(as_user.user, timeslot=slot)

    assert profile.pk != slot.pk
    assert as_user.get(address_of(slot)).status_code == 200
    assert as_user.get(address_of(profile)).status_code == 404


def test_repeated_parts_count_once(as_user, body, own_filter):
    response = as_user.post(API, {**body, "filters": [own_filter.pk] * 3, "media": ["EM", "EM"]})

    assert response.status_code == 201
    assert len(response.json()["filters"]) == 1
    assert response.json()["media"] == ["EM"]


@pytest.mark.both
def test_put_replaces_everything(as_user, body, slot):
    as_user.post(API, body)
    other = make_filter(as_user.user, "Other")
    new = {"timeslot": slot.pk, "filters": [other.pk], "media": ["EM"], "phone_number": None, "active": False}

    response = as_user.put(address_of(slot), new)

    assert response.status_code == 200
    assert [one["pk"] for one in response.json()["filters"]] == [other.pk]
    assert response.json()["media"] == ["EM"]
    assert response.json()["phone_number"] is None
    assert response.json()["active"] is False
    assert as_user.get(address_of(slot)).json() == response.json()


@pytest.mark.parametrize(
    ("change", "field", "shown"),
    [
        ({"active": False}, "active", False),
        ({"media": ["SM"]}, "media", ["SM"]),
        ({"phone_number": None}, "phone_number", None),
        ({}, "active", True),
    ],
)
def test_patch_changes_what_it_names_and_nothing_else(as_user, body, slot, change, field, shown):
    before = as_user.post(API, body).json()

    response = as_user.patch(address_of(slot), change)

    assert response.status_code == 200
    assert response.json() == before | {field: shown}


def test_patch_of_the_filters_changes_only_these(as_user, body, slot):
    before, other = as_user.post(API, body).json(), make_filter(as_user.user, "Other")

    after = as_user.patch(address_of(slot), {"filters": [other.pk]}).json()

    assert after == before | {"filters": [{"pk": other.pk, "name": "Other", "filter_string": other.filter_string}]}


@pytest.mark.both
@pytest.mark.parametrize("method", ["put", "patch"])
def test_profile_that_moves_to_another_timeslot_keeps_its_parts(as_user, body, slot, method):
    before = as_user.post(API, body).json()
    profile, other = NotificationProfile.objects.get(), new_slot(as_user.user, "Other")
    make_line(make_incident().events.get(), as_user.user, profile=profile)

    response = getattr(as_user, method)(address_of(slot), {**body, "timeslot": other.pk})

    assert response.status_code == 200
    after = response.json()
    assert (after["pk"], after["timeslot"]["pk"]) == (other.pk, other.pk)
    assert after | {"pk": 0, "timeslot": 0} == before | {"pk": 0, "timeslot": 0}
    assert as_user.get(address_of(slot)).status_code == 404
    assert as_user.get(address_of(other)).json() == after
    assert as_user.get(f"{TIMESLOTS}{slot.pk}/").status_code == 200
    assert Delivery.objects.get().profile == profile
    assert as_user.post(API, body).status_code == 201


@pytest.mark.both
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_timeslot_has_one_profile(as_user, body, profile, method):
    taken, mine = profile.timeslot, new_slot(as_user.user, "Mine")
    if method != "post":
        as_user.post(API, {**body, "timeslot": mine.pk})
    before = as_user.get(API).json()

    response = getattr(as_user, method)(API if method == "post" else address_of(mine), {**body, "timeslot": taken.pk})

    assert response.status_code == 400
    (sentence,) = response.json()
    assert "timeslot" in sentence
    assert as_user.get(API).json() == before


def test_profile_can_be_put_with_its_own_timeslot(as_user, body, profile):
    assert as_user.put(address_of(profile.timeslot), body).status_code == 200


def test_parts_of_other_users_are_refused(as_user, body, foreign_profile):
    theirs = {
        "timeslot": foreign_profile.timeslot_id,
        "filters": [body["filters"][0], foreign_profile.filters.get().pk],
        "phone_number": foreign_profile.phone_number_id,
    }
    mine = as_user.post(API, body).json()

    for field, value in theirs.items():
        for method, path in (("post", API), ("put", address_of(mine["pk"])), ("patch", address_of(mine["pk"]))):
            response = getattr(as_user, method)(path, {**body, field: value})

            assert response.status_code == 400
            assert list(response.json()) == [field]
    assert as_user.get(API).json() == [mine]


def test_parts_of_other_users_are_refused_for_superusers(as_superuser, body, foreign_profile):
    response = as_superuser.post(API, {**body, "timeslot": foreign_profile.timeslot_id})

    assert response.status_code == 400
    assert list(response.json()) == ["timeslot", "filters", "phone_number"]


@for_each(
    "field, value",
    [
        *(
            ("timeslot", value)
            for value in (None, "", "x", True, 1.5, 0, -1, 10**30, 1e300, [], [1], {}, {"pk": 1}, "\x00", "\ud800")
        ),
        *(("phone_number", value) for value in ("x", True, 1.5, 0, -1, 10**30, [], {}, "+4767676767", "\x00")),
        *(
            ("filters", value)
            for value in (None, "", 1, "1", True, {}, [], [None], [True], [1.5], [0], [-1], [10**30], ["x"], [[]], [{}])
        ),
        ("filters", [1] * 51),
        *(("media", value) for value in (None, "", "EM", True, {}, [], [None], [True], ["em"], [1], [["EM"]], [{}])),
        ("media", ["EM", "XX"]),
        ("media", ["\x00"]),
        ("media", ["\ud800"]),
        ("media", ["EM"] * 101),
        *(("active", value) for value in (None, "", "maybe", 2, [], {}, "\x00")),
    ],
)
def test_invalid_part_is_refused(as_user, body, field, value):
    response = send_json(as_user, "POST", API, {**body, field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert not NotificationProfile.objects.exists()


@for_each("missing", ["timeslot", "filters", "media"])
@for_each("method", ["post", "put"])
def test_missing_field_is_named(as_user, body, profile, method, missing):
    body = {key: value for key, value in body.items() if key != missing}

    response = getattr(as_user, method)(API if method == "post" else address_of(profile.timeslot), body)

    assert response.status_code == 400
    assert response.json().keys() == {missing}


@for_each("body", [None, [], "x", 1, True])
def test_invalid_body_is_refused(as_user, body):
    response = send_json(as_user, "POST", API, body)

    assert response.status_code == 400
    assert list(response.json()) == ["non_field_errors"]


@pytest.mark.both
def test_deleting_a_profile_keeps_its_timeslot(as_user, profile):
    response = as_user.delete(address_of(profile.timeslot))

    assert (response.status_code, response.content) == (204, b"")
    assert as_user.get(API).json() == []
    assert as_user.get(f"{TIMESLOTS}{profile.timeslot_id}/").status_code == 200


@pytest.mark.parametrize("client", ["as_user", "as_superuser", "as_source"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_profiles_of_other_users_are_404(request, client, method, foreign_profile, body):
    client = request.getfixturevalue(client)

    response = getattr(client, method)(address_of(foreign_profile.timeslot), {**body, "active": False})

    assert response.status_code == 404
    assert NotificationProfile.objects.get().active is True
    assert client.get(API).json() == []


@pytest.mark.both
@for_each("key", ["0", "99999999999999999999", "9" * 5000])
@for_each("rest", ["", "incidents/"])
def test_invalid_pk_is_404(as_user, key, rest):
    assert as_user.get(f"{API}{key}/{rest}").status_code == 404


@pytest.mark.parametrize("path", [API, f"{API}1/", f"{API}1/incidents/"])
def test_anonymous_requests_are_refused(as_stranger, db, path):
    assert as_stranger.get(path).status_code == 401


@pytest.mark.both
def test_query_count_of_profiles_is_constant(as_user, django_assert_num_queries, number):
    filters = [make_filter(as_user.user) for _ in range(3)]
    for _ in range(50):
        make_profile(as_user.user, filters=filters, phone_number=number)

    with django_assert_num_queries(4):
        profiles = as_user.get(API).json()
    assert len(profiles) == 50
    names = [profile["timeslot"]["name"] for profile in profiles]
    assert names == sorted(names)


@pytest.mark.both
def test_query_count_of_writing_a_profile_is_constant(as_user, body, django_assert_max_num_queries):
    filters = [make_filter(as_user.user).pk for _ in range(50)]

    with django_assert_max_num_queries(20):
        assert as_user.post(API, {**body, "filters": filters}).status_code == 201


@pytest.mark.both
def test_profile_lists_incidents_that_any_filter_matches(as_user, slot):
    by_source, by_tag = make_source(), make_incident(tags=["host=a", "kind=x"])
    of_source, other = make_incident(by_source), make_incident(tags=["host=a", "kind=y"])
    filters = [
        make_filter(as_user.user, sourceSystemIds=[by_source.pk]),
        make_filter(as_user.user, tags=["host=a", "kind=x"]),
    ]
    make_profile(as_user.user, timeslot=slot, filters=filters)

    incidents = as_user.get(f"{address_of(slot)}incidents/").json()

    assert {one["pk"] for one in incidents} == {of_source.pk, by_tag.pk}
    assert other.pk not in {one["pk"] for one in incidents}
    assert incidents[0] == as_user.get(f"{INCIDENTS}{incidents[0]['pk']}/").json()


def test_inactive_profile_lists_its_incidents(as_user, slot, own_filter):
    closed = make_incident(end_time=None)
    make_profile(as_user.user, timeslot=slot, filters=[own_filter], active=False)

    assert [one["pk"] for one in as_user.get(f"{address_of(slot)}incidents/").json()] == [closed.pk]


@pytest.mark.both
def test_profile_without_filters_lists_no_incidents(as_user, profile, own_filter):
    make_incident()
    as_user.delete(f"{FILTERS}{own_filter.pk}/")

    assert as_user.get(address_of(profile.timeslot)).json()["filters"] == []
    assert as_user.get(f"{address_of(profile.timeslot)}incidents/").json() == []


@pytest.mark.both
@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{}"])
def test_invalid_filter_matches_no_incidents(as_user, profile, own_filter, text):
    make_incident()
    type(own_filter).objects.update(filter_string=text)

    assert as_user.get(f"{address_of(profile.timeslot)}incidents/").json() == []
    assert as_user.get(API).json()[0]["filters"][0]["filter_string"] == text


def test_incidents_of_other_users_profiles_are_404(as_superuser, foreign_profile):
    assert as_superuser.get(f"{address_of(foreign_profile.timeslot)}incidents/").status_code == 404


@pytest.mark.both
def test_incidents_of_a_profile_are_newest_first_and_paginated_on_request(as_user, profile):
    incidents = [one.pk for one in reversed(make_incidents(3))]
    path = f"{address_of(profile.timeslot)}incidents/"

    assert [one["pk"] for one in as_user.get(path).json()] == incidents
    page = as_user.get(f"{path}?page_size=2").json()
    assert [one["pk"] for one in page["results"]] == incidents[:2]
    assert [one["pk"] for one in as_user.get(page["next"]).json()["results"]] == incidents[2:]


@pytest.mark.both
def test_query_count_of_incidents_is_constant(as_user, slot, django_assert_num_queries):
    make_incidents(50, tags=["a=b", "c=d"])
    filters = [make_filter(as_user.user, tags=["a=b", f"c{number}=d"]) for number in range(49)]
    make_profile(as_user.user, timeslot=slot, filters=[*filters, make_filter(as_user.user, tags=["a=b"])])

    with django_assert_num_queries(6):
        assert len(as_user.get(f"{address_of(slot)}incidents/").json()) == 50


def test_browsable_api_shows_profiles(as_browser):
    profile = make_profile(as_browser.user)

    for path in (API, address_of(profile.timeslot), f"{address_of(profile.timeslot)}incidents/"):
        assert as_browser.get(path).status_code == 200
