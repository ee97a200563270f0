"""Who was told of an event, who was not, and why: the ledger over REST."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from argus.auth.models import PhoneNumber
from argus.incident.models import Change, Event
from argus.notificationprofile.models import Delivery, NotificationProfile
from tests.factories import INCIDENTS, make_client, make_event, make_incident, make_user
from tests.notificationprofile.factories import make_line, make_profile

KEYS = [
    "pk",
    "event",
    "user",
    "profile",
    "medium",
    "address",
    "verdict",
    "reason",
    "attempts",
    "created",
    "due",
    "settled",
    "last_error",
]


def address_of(event: Event) -> str:
    return f"{INCIDENTS}{event.incident_id}/events/{event.pk}/deliveries/"


@pytest.fixture
def before(profile) -> NotificationProfile:
    """The caller's profile, which was there before anything happened."""
    NotificationProfile.objects.update(created=timezone.now() - timedelta(days=1))
    profile.refresh_from_db()
    return profile


@pytest.fixture
def event(before) -> Event:
    """An event that has been routed."""
    event = make_incident().events.get()
    Change.objects.update(routed=True)
    return event


def test_a_line_of_the_ledger_is_shown(as_user, event, before):
    line = make_line(event, as_user.user, profile=before, verdict="sent", attempts=2, settled=timezone.now())

    (shown,) = as_user.get(address_of(event)).json()

    assert list(shown) == KEYS
    times = {name: shown.pop(name) for name in ("created", "due", "settled")}
    assert shown == {
        "pk": line.pk,
        "event": event.pk,
        "user": {"pk": as_user.user.pk, "username": "operator"},
        "profile": before.timeslot_id,
        "medium": {"value": "EM", "display": "E-mail"},
        "address": "operator@example.org",
        "verdict": "sent",
        "reason": "",
        "attempts": 2,
        "last_error": None,
    }
    assert all(times.values())


def test_the_profile_of_a_line_is_known_by_its_slot_and_null_once_it_is_gone(as_user, event, before):
    make_line(event, as_user.user, profile=before)
    before.delete()

    assert [line["profile"] for line in as_user.get(address_of(event)).json()] == [None]


def test_users_see_their_own_lines_and_staff_all(as_user, as_superuser, event):
    other = make_user("other")
    lines = [make_line(event, user) for user in (as_user.user, other)]
    staff = make_client(make_user("staff", is_staff=True))

    def seen(client) -> list:
        return [line["pk"] for line in client.get(address_of(event)).json()]

    assert seen(as_user) == [lines[0].pk]
    assert seen(make_client(other)) == [lines[1].pk]
    assert seen(staff) == seen(as_superuser) == [lines[1].pk, lines[0].pk]
    assert seen(make_client(make_user())) == []


def test_what_went_wrong_is_told_to_staff_only(as_user, as_superuser, event):
    make_line(event, as_user.user, verdict="failed", last_error="smtp.inside.example.org refuses")

    assert as_user.get(address_of(event)).json()[0]["last_error"] is None
    assert as_superuser.get(address_of(event)).json()[0]["last_error"] == "smtp.inside.example.org refuses"


def test_a_profile_without_a_line_was_not_told_because_no_filter_matched(as_user, event, before):
    (entry,) = as_user.get(address_of(event)).json()

    assert list(entry) == KEYS
    assert entry == dict.fromkeys(KEYS) | {
        "event": event.pk,
        "user": {"pk": as_user.user.pk, "username": "operator"},
        "profile": before.timeslot_id,
        "address": "",
        "verdict": "suppressed",
        "reason": "filter",
        "attempts": 0,
    }


def test_staff_see_whose_filters_did_not_match(as_user, as_superuser, event, before):
    told = make_user("told")
    make_line(event, told, profile=make_profile(told, created=before.created))

    entries = as_superuser.get(address_of(event)).json()

    assert [(one["user"]["username"], one["verdict"]) for one in entries] == [
        ("told", "pending"),
        ("operator", "suppressed"),
    ]


def test_a_profile_that_came_after_the_event_is_not_spoken_of(as_user, event):
    NotificationProfile.objects.update(created=event.received + timedelta(microseconds=1))

    assert as_user.get(address_of(event)).json() == []


def test_a_line_of_another_profile_to_the_same_address_stands_for_both(as_user, event, before):
    make_profile(as_user.user, created=before.created)
    make_line(event, as_user.user, profile=before)

    assert len(as_user.get(address_of(event)).json()) == 1


def test_a_line_by_another_medium_stands_for_itself_alone(as_user, event, before):
    number = PhoneNumber.objects.create(user=as_user.user, phone_number="+4767676767")
    by_phone = make_profile(as_user.user, created=before.created, media=["SM"], phone_number=number)
    make_line(event, as_user.user, profile=by_phone, medium="SM", address="+4767676767")

    entries = as_user.get(address_of(event)).json()

    assert [(one["profile"], one["reason"]) for one in entries] == [
        (by_phone.timeslot_id, ""),
        (before.timeslot_id, "filter"),
    ]


def test_as_long_as_nobody_has_been_selected_all_is_pending(as_user, before):
    event = make_incident().events.get()

    (entry,) = as_user.get(address_of(event)).json()

    assert (entry["pk"], entry["profile"], entry["verdict"], entry["reason"]) == (
        None,
        before.timeslot_id,
        "pending",
        "",
    )


def test_nothing_is_concluded_from_lines_that_may_have_been_pruned(as_user, event):
    long_ago = timezone.now() - timedelta(days=91)
    Event.objects.update(received=long_ago)
    NotificationProfile.objects.update(created=long_ago)

    assert as_user.get(address_of(event)).json() == []


def test_lines_are_newest_first(as_user, event):
    now = timezone.now()
    lines = [
        make_line(event, as_user.user, address=f"{hours}@example.org", created=now - timedelta(hours=hours))
        for hours in (2, 1, 3)
    ]

    shown = [one["pk"] for one in as_user.get(address_of(event)).json() if one["pk"]]

    assert shown == [lines[1].pk, lines[0].pk, lines[2].pk]


def test_only_the_lines_of_the_event_are_shown(as_user, event):
    make_line(make_event(event.incident), as_user.user)

    assert [one["pk"] for one in as_user.get(address_of(event)).json()] == [None]


def test_the_ledger_comes_in_pages_on_demand(as_user, event):
    lines = [make_line(event, as_user.user, address=f"{number}@example.org").pk for number in range(3)]

    page = as_user.get(f"{address_of(event)}?page_size=2").json()
    rest = as_user.get(page["next"]).json()

    assert [one["pk"] for one in page["results"] + rest["results"]] == lines[::-1]


def test_the_answer_is_bounded_and_says_where_to_go_on(as_user, event, monkeypatch):
    monkeypatch.setattr("argus.notificationprofile.api.v1.views.MOST_ROWS", 2)
    monkeypatch.setattr("argus.notificationprofile.delivery_log.MOST_ROWS", 2)
    monkeypatch.setattr("argus.api.arrays.MOST_ROWS", 2)
    monkeypatch.setattr("argus.api.arrays.CHUNK_ROWS", 1)
    for number in range(2):
        make_line(event, as_user.user, address=f"{number}@example.org")

    assert len(as_user.get(address_of(event)).json()) == 2
    make_line(event, as_user.user)
    response = as_user.get(address_of(event))
    assert len(json.loads(response.getvalue())) == 2
    assert 'rel="next"' in response["Link"]


def test_what_is_not_there_is_404(as_user, event):
    other = make_incident()

    here, there = event.incident_id, other.pk
    for incident, key in [(there, event.pk), (0, event.pk), (here, 0), (10**20, event.pk), (here, 10**20)]:
        assert as_user.get(f"{INCIDENTS}{incident}/events/{key}/deliveries/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_ledger_is_only_read(as_superuser, event, method):
    assert getattr(as_superuser, method)(address_of(event), {}).status_code == 405


def test_strangers_see_nothing(as_stranger, event):
    assert as_stranger.get(address_of(event)).status_code == 401


def test_many_lines_and_profiles_cost_the_queries_of_one(as_superuser, event, before, django_assert_num_queries):
    for number in range(50):
        user = make_user(f"user number {number}")
        profile = make_profile(user, created=before.created)
        if number % 2:
            make_line(event, user, profile=profile)

    with django_assert_num_queries(6):
        entries = as_superuser.get(address_of(event)).json()
    assert (len(entries), Delivery.objects.count()) == (51, 25)


def test_a_browser_is_shown_the_ledger(as_browser, event):
    make_line(event, as_browser.user)

    assert as_browser.get(address_of(event)).status_code == 200
