"""Several requests of one person at once, as frontends send them: what was checked still holds when it is written."""

from collections import Counter

import pytest

from argus.notificationprofile.models import NotificationProfile, TimeRecurrence
from tests.factories import make_client, make_user
from tests.notificationprofile.factories import API, FILTERS, TIMESLOTS, make_filter, make_profile, make_timeslot
from tests.parallel import at_once

pytestmark = pytest.mark.usefixtures("parallel_db")


def call(user, method: str, path: str, body=None):
    """Return a call that makes a request and returns the answer."""
    client = make_client(user)
    return lambda: getattr(client, method)(path, body)


def test_concurrent_equal_names_create_one_row():
    user = make_user()
    body = {"name": "Mine", "filter_string": '{"tags": []}'}

    answers = at_once(*(call(user, "post", FILTERS, body) for _ in range(8)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    assert all(list(answer.json()) == ["name"] for answer in answers if answer.status_code == 400)


def test_concurrent_profiles_for_a_timeslot_create_one():
    user = make_user()
    slot = make_timeslot(user)
    body = {"timeslot": slot.pk, "filters": [make_filter(user).pk], "media": ["EM"]}

    answers = at_once(*(call(user, "post", API, body) for _ in range(8)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    assert NotificationProfile.objects.count() == 1


def test_concurrent_puts_of_recurrences_do_not_add_up():
    user = make_user()
    slot = make_timeslot(user)
    hours = [[{"days": [day], "all_day": True}] * 3 for day in range(1, 8)]

    bodies = [{"name": slot.name, "time_recurrences": recurrences} for recurrences in hours]
    answers = at_once(*(call(user, "put", f"{TIMESLOTS}{slot.pk}/", body) for body in bodies))

    assert {answer.status_code for answer in answers} == {200}
    assert len({tuple(one.days) for one in TimeRecurrence.objects.filter(timeslot=slot)}) == 1
    assert TimeRecurrence.objects.filter(timeslot=slot).count() == 3


def test_concurrent_changes_of_different_fields_are_all_kept():
    user = make_user()
    profile = make_profile(user)
    path, other = f"{API}{profile.timeslot_id}/", make_filter(user)

    changes = [{"active": False}, {"media": ["SM"]}, {"filters": [other.pk]}]
    answers = at_once(*(call(user, "patch", path, change) for change in changes))

    assert {answer.status_code for answer in answers} == {200}
    profile.refresh_from_db()
    assert (profile.active, profile.media, list(profile.filters.all())) == (False, ["SM"], [other])


def test_concurrently_deleted_part_causes_no_server_error():
    user = make_user()
    profiles = [make_profile(user) for _ in range(4)]
    one = make_filter(user)

    calls = [call(user, "patch", f"{API}{profile.timeslot_id}/", {"filters": [one.pk]}) for profile in profiles]
    answers = at_once(*calls, call(user, "delete", f"{FILTERS}{one.pk}/"))

    assert {answer.status_code for answer in answers[:-1]} <= {200, 400}
    assert answers[-1].status_code == 204
    assert one.notification_profiles.count() == 0
