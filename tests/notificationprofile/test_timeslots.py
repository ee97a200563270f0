"""Time slots over REST."""

from datetime import time

import pytest

from argus.notificationprofile.models import NotificationProfile, TimeRecurrence, Timeslot
from tests.factories import make_user
from tests.notificationprofile.factories import TIMESLOTS, make_timeslot
from tests.raw import send_json
from tests.tables import for_each

pytestmark = pytest.mark.once

WEEKDAYS = {
    "name": "Weekdays",
    "time_recurrences": [
        {"days": [1, 2, 3, 4, 5], "start": "08:00:00", "end": "12:00:00"},
        {"days": [1, 2, 3, 4, 5], "start": "12:30:00", "end": "16:00:00"},
    ],
}
ALL_WEEK = [1, 2, 3, 4, 5, 6, 7]
ALL_DAY = {"days": ALL_WEEK, "start": "00:00:00", "end": "23:59:59.999999", "all_day": True}
NINE_TO_FIVE = {"days": [1], "start": "09:00:00", "end": "17:00:00"}

NO_CLOCKS = [None, "", "8", "8:00", "08", "24:00", "08:60", "08:00:60", "08:00.5", "08:00Z", "08:00+01:00", "T08:00"]
NO_CLOCKS += ["noon", "08:00\x00", "\ud800", "\u0660\u0668:\u0660\u0660", "0" * 100_000]
NO_CLOCKS += [True, 8, 1e300, [], ["08:00"], {}]


def address_of(slot) -> str:
    return f"{TIMESLOTS}{slot.pk if isinstance(slot, Timeslot) else slot['pk']}/"


def create(client, *recurrences, name: str = "Mine") -> dict:
    response = client.post(TIMESLOTS, {"name": name, "time_recurrences": list(recurrences)})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.mark.both
def test_timeslot_is_created_and_shown(as_user):
    response = as_user.post(TIMESLOTS, WEEKDAYS)

    assert response.status_code == 201
    body = response.json()
    assert list(body) == ["pk", "name", "time_recurrences"]
    assert body == {"pk": body["pk"], **WEEKDAYS}
    assert as_user.get(address_of(body)).json() == body
    assert body in as_user.get(TIMESLOTS).json()


def test_new_users_have_the_default_timeslot(as_user):
    (slot,) = as_user.get(TIMESLOTS).json()

    assert slot == {"pk": slot["pk"], "name": "All the time", "time_recurrences": [ALL_DAY]}


@pytest.mark.both
def test_timeslots_are_listed_by_name(as_user):
    for name in ("Nights", "Days"):
        make_timeslot(as_user.user, name)

    assert [slot["name"] for slot in as_user.get(TIMESLOTS).json()] == ["All the time", "Days", "Nights"]


@pytest.mark.parametrize(
    "given",
    [
        {"all_day": True},
        {"all_day": True, "start": "", "end": ""},
        {"all_day": True, "start": None, "end": None},
        {"all_day": True, "start": "08:00", "end": "07:00"},
        {"all_day": True, "start": ["nonsense"], "end": {}},
        {"all_day": "true", "start": "08:00"},
        {"all_day": 1},
        {"start": "00:00:00", "end": "23:59:59.999999"},
        {"start": "00:00", "end": "23:59:59.999999", "all_day": False},
    ],
)
def test_all_day_has_several_notations(as_user, given):
    assert create(as_user, {"days": ALL_WEEK, **given})["time_recurrences"] == [ALL_DAY]


def test_all_day_is_absent_unless_true(as_user):
    assert create(as_user, {**NINE_TO_FIVE, "all_day": False})["time_recurrences"] == [NINE_TO_FIVE]


@pytest.mark.both
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("08:00", "08:00:00"),
        ("08:00:07", "08:00:07"),
        ("08:00:00.5", "08:00:00.500000"),
        ("08:00:00.123456789", "08:00:00.123456"),
    ],
)
def test_times_have_several_precisions(as_user, given, shown):
    (recurrence,) = create(as_user, {"days": [1], "start": given, "end": "09:00"})["time_recurrences"]

    assert recurrence["start"] == shown


def test_days_are_sorted_and_unique(as_user):
    (recurrence,) = create(as_user, {**NINE_TO_FIVE, "days": [7, 1, 3, 1, "2"]})["time_recurrences"]

    assert recurrence["days"] == [1, 2, 3, 7]
    assert TimeRecurrence.objects.get(timeslot__name="Mine").days == ["1", "2", "3", "7"]


def test_timeslot_may_have_no_recurrences(as_user):
    assert create(as_user)["time_recurrences"] == []


def test_timeslot_can_be_posted_as_a_form(as_user):
    form = "name=Mine&time_recurrences[0]days[0]=1&time_recurrences[0]days[1]=2&time_recurrences[0]all_day=true"

    response = as_user.post(TIMESLOTS, form, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 201, response.content
    assert response.json()["time_recurrences"] == [ALL_DAY | {"days": [1, 2]}]


def test_put_replaces_everything(as_user):
    slot = as_user.post(TIMESLOTS, WEEKDAYS).json()

    response = as_user.put(address_of(slot), {"name": "Mondays", "time_recurrences": [NINE_TO_FIVE]})

    assert response.status_code == 200
    assert response.json() == {"pk": slot["pk"], "name": "Mondays", "time_recurrences": [NINE_TO_FIVE]}
    assert as_user.get(address_of(slot)).json() == response.json()


def test_response_can_be_put_back(as_user):
    slot = create(as_user, {"days": ALL_WEEK, "all_day": True}, NINE_TO_FIVE)
    shown = [{key: value for key, value in one.items() if key != "all_day"} for one in slot["time_recurrences"]]

    for recurrences in (slot["time_recurrences"], shown):
        response = as_user.put(address_of(slot), {**slot, "time_recurrences": recurrences})

        assert response.status_code == 200
        assert response.json() == slot


def test_patch_changes_what_it_names_and_nothing_else(as_user):
    slot = as_user.post(TIMESLOTS, WEEKDAYS).json()

    renamed = as_user.patch(address_of(slot), {"name": "Office hours"}).json()
    moved = as_user.patch(address_of(slot), {"time_recurrences": [NINE_TO_FIVE]}).json()

    assert renamed == slot | {"name": "Office hours"}
    assert moved == renamed | {"time_recurrences": [NINE_TO_FIVE]}
    assert as_user.patch(address_of(slot), {}).json() == moved


def test_timeslot_can_be_put_with_its_own_name(as_user):
    slot = as_user.post(TIMESLOTS, WEEKDAYS).json()

    assert as_user.put(address_of(slot), WEEKDAYS).status_code == 200


@pytest.mark.both
def test_duplicate_name_is_refused(as_user):
    slot = create(as_user)

    answers = [
        as_user.post(TIMESLOTS, {"name": "All the time", "time_recurrences": []}),
        as_user.put(address_of(slot), {"name": "All the time", "time_recurrences": []}),
        as_user.patch(address_of(slot), {"name": " All the time "}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert [list(answer.json()) for answer in answers] == [["name"]] * 3
    assert as_user.get(address_of(slot)).json() == slot


def test_users_may_have_the_same_name(as_user):
    make_timeslot(make_user(), "Nights")

    assert create(as_user, name="Nights")["name"] == "Nights"


@pytest.mark.parametrize("name", ["x", "x" * 40])
def test_names_have_1_to_40_characters(as_user, name):
    assert create(as_user, name=name)["name"] == name


@for_each("name", ["", " ", "x" * 41, None, True, [], {}, "a\x00b", "\ud800"])
def test_invalid_name_is_refused(as_user, name):
    response = send_json(as_user, "POST", TIMESLOTS, {"name": name, "time_recurrences": []})

    assert response.status_code == 400
    assert list(response.json()) == ["name"]


@for_each(
    "days",
    [None, True, 1, "1", "1,2", {}, [], [0], [8], [-1], [1.5], [None], [True], [[1]], [{}], ["x"], [10**30], ["\x00"]],
)
def test_invalid_days_are_refused_at_their_place(as_user, days):
    body = {"name": "Mine", "time_recurrences": [NINE_TO_FIVE, {**NINE_TO_FIVE, "days": days}]}

    response = send_json(as_user, "POST", TIMESLOTS, body)

    assert response.status_code == 400
    good, bad = response.json()["time_recurrences"]
    assert (good, list(bad)) == ({}, ["days"])
    assert all(isinstance(sentence, str) for sentence in bad["days"])


@for_each("field", ["start", "end"])
@for_each("value", NO_CLOCKS)
def test_invalid_time_is_refused_at_its_place(as_user, field, value):
    body = {"name": "Mine", "time_recurrences": [{**NINE_TO_FIVE, field: value}]}

    response = send_json(as_user, "POST", TIMESLOTS, body)

    assert response.status_code == 400
    (bad,) = response.json()["time_recurrences"]
    assert list(bad) == [field]


@for_each("value", [None, "maybe", 2, [], {}, [True], "\x00"])
def test_invalid_all_day_is_refused(as_user, value):
    body = {"name": "Mine", "time_recurrences": [{**NINE_TO_FIVE, "all_day": value}]}

    response = send_json(as_user, "POST", TIMESLOTS, body)

    assert response.status_code == 400
    assert list(response.json()["time_recurrences"][0]) == ["all_day"]


@for_each("start, end", [("17:00", "09:00"), ("09:00", "09:00"), ("22:00", "00:00")])
def test_hours_end_after_their_start(as_user, start, end):
    body = {"name": "Mine", "time_recurrences": [{"days": [1], "start": start, "end": end}]}

    response = as_user.post(TIMESLOTS, body)

    assert response.status_code == 400
    assert list(response.json()["time_recurrences"][0]) == ["end"]
    assert not Timeslot.objects.filter(name="Mine").exists()


@pytest.mark.parametrize("missing", ["days", "start", "end"])
@pytest.mark.parametrize("method", ["put", "patch"])
def test_incomplete_recurrence_is_refused(as_user, method, missing):
    slot = as_user.post(TIMESLOTS, WEEKDAYS).json()
    half = {key: value for key, value in NINE_TO_FIVE.items() if key != missing}

    response = getattr(as_user, method)(address_of(slot), {"name": "Other", "time_recurrences": [half]})

    assert response.status_code == 400
    assert response.json()["time_recurrences"][0].keys() == {missing}
    assert as_user.get(address_of(slot)).json() == slot


@for_each("value", [None, True, 1, "x", {}, {"days": [1]}, [None], [True], ["x"], [[]], [{}], [NINE_TO_FIVE] * 101])
def test_invalid_recurrences_are_refused(as_user, value):
    response = send_json(as_user, "POST", TIMESLOTS, {"name": "Mine", "time_recurrences": value})

    assert response.status_code == 400
    assert list(response.json()) == ["time_recurrences"]


@for_each("body", [None, [], "x", 1, True, {}, {"name": "Mine"}, {"time_recurrences": []}])
def test_invalid_body_is_refused(as_user, body):
    response = send_json(as_user, "POST", TIMESLOTS, body)

    assert response.status_code == 400
    assert response.json().keys() <= {"name", "time_recurrences", "non_field_errors"}


@pytest.mark.both
def test_deleting_a_timeslot_deletes_its_profile_and_keeps_filters(as_user, profile, own_filter):
    response = as_user.delete(address_of(profile.timeslot))

    assert (response.status_code, response.content) == (204, b"")
    assert not NotificationProfile.objects.exists()
    assert as_user.user.filters.get() == own_filter
    assert as_user.get(address_of(profile.timeslot)).status_code == 404


@pytest.mark.parametrize("client", ["as_user", "as_superuser", "as_source"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_timeslots_of_other_users_are_404(request, client, method, foreign_profile):
    client = request.getfixturevalue(client)

    response = getattr(client, method)(address_of(foreign_profile.timeslot), WEEKDAYS)

    assert response.status_code == 404
    assert list(response.json()) == ["detail"]
    assert Timeslot.objects.get(pk=foreign_profile.timeslot_id).name == "Theirs"
    assert "Theirs" not in client.get(TIMESLOTS).content.decode()


@pytest.mark.both
@pytest.mark.parametrize("key", ["0", "99999999999999999999", "9" * 5000])
def test_invalid_pk_is_404(as_user, key):
    assert as_user.get(f"{TIMESLOTS}{key}/").status_code == 404


def test_anonymous_requests_are_refused(as_stranger, db):
    assert as_stranger.get(TIMESLOTS).status_code == 401
    assert as_stranger.post(TIMESLOTS, WEEKDAYS).status_code == 401


@pytest.mark.both
def test_query_count_is_constant(as_user, django_assert_num_queries):
    for number in range(50):
        make_timeslot(as_user.user, f"Slot {number}", hours=[([1], time(8), time(9))] * 3)

    with django_assert_num_queries(3):
        assert len(as_user.get(TIMESLOTS).json()) == 51


def test_browsable_api_shows_timeslots(as_browser):
    slot = make_timeslot(as_browser.user)

    assert as_browser.get(TIMESLOTS).status_code == 200
    assert as_browser.get(address_of(slot)).status_code == 200
