"""The delivery log over REST."""

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


def test_delivery_is_represented(as_user, event, before):
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


def test_profile_of_a_delivery_is_the_pk_of_its_timeslot_or_null(as_user, event, before):
    make_line(event, as_user.user, profile=before)
    before.delete()

    assert [line["profile"] for line in as_user.get(address_of(event)).json()] == [None]


def test_users_see_their_own_deliveries_and_staff_all(as_user, as_superuser, event):
    other = make_user("other")
    lines = [make_line(event, user) for user in (as_user.user, other)]
    staff = make_client(make_user("staff", is_staff=True))

    def seen(client) -> list:
        return [line["pk"] for line in client.get(address_of(event)).json()]

    assert seen(as_user) == [lines[0].pk]
    assert seen(make_client(other)) == [lines[1].pk]
    assert seen(staff) == seen(as_superuser) == [lines[1].pk, lines[0].pk]
    assert seen(make_client(make_user())) == []


def test_errors_are_visible_to_staff_only(as_user, as_superuser, event):
    make_line(event, as_user.user, verdict="failed", last_error="smtp.inside.example.org refuses")

    assert as_user.get(address_of(event)).json()[0]["last_error"] is None
    assert as_superuser.get(address_of(event)).json()[0]["last_error"] == "smtp.inside.example.org refuses"


def test_profile_without_a_delivery_has_the_reason_filter(as_user, event, before):
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


def test_staff_see_profiles_of_all_users_without_a_delivery(as_user, as_superuser, event, before):
    told = make_user("told")
    make_line(event, told, profile=make_profile(told, created=before.created))

    entries = as_superuser.get(address_of(event)).json()

    assert [(one["user"]["username"], one["verdict"]) for one in entries] == [
        ("told", "pending"),
        ("operator", "suppressed"),
    ]


def test_profile_created_after_the_event_is_not_listed(as_user, event):
    NotificationProfile.objects.update(created=event.received + timedelta(microseconds=1))

    assert as_user.get(address_of(event)).json() == []


def test_delivery_of_another_profile_to_the_same_address_counts_for_both(as_user, event, before):
    make_profile(as_user.user, created=before.created)
    make_line(event, as_user.user, profile=before)

    assert len(as_user.get(address_of(event)).json()) == 1


def test_delivery_by_another_medium_does_not_count(as_user, event, before):
    number = PhoneNumber.objects.create(user=as_user.user, phone_number="+4767676767")
    by_phone = make_profile(as_user.user, created=before.created, media=["SM"], phone_number=number)
    make_line(event, as_user.user, profile=by_phone, medium="SM", address="+4767676767")

    entries = as_user.get(address_of(event)).json()

    assert [(one["profile"], one["reason"]) for one in entries] == [
        (by_phone.timeslot_id, ""),
        (before.timeslot_id, "filter"),
    ]


def test_all_profiles_are_pending_until_the_event_is_routed(as_user, before):
    event = make_incident().events.get()

    (entry,) = as_user.get(address_of(event)).json()

    assert (entry["pk"], entry["profile"], entry["verdict"], entry["reason"]) == (
        None,
        before.timeslot_id,
        "pending",
        "",
    )


def test_old_events_list_deliveries_only(as_user, event):
    long_ago = timezone.now() - timedelta(days=91)
    Event.objects.update(received=long_ago)
    NotificationProfile.objects.update(created=long_ago)

    assert as_user.get(address_of(event)).json() == []


def test_deliveries_are_newest_first(as_user, event):
    now = timezone.now()
    lines = [
        make_line(event, as_user.user, address=f"{hours}@example.org", created=now - timedelta(hours=hours))
        for hours in (2, 1, 3)
    ]

    shown = [one["pk"] for one in as_user.get(address_of(event)).json() if one["pk"]]

    assert shown == [lines[1].pk, lines[0].pk, lines[2].pk]


def test_deliveries_of_other_events_are_not_listed(as_user, event):
    make_line(make_event(event.incident), as_user.user)

    assert [one["pk"] for one in as_user.get(address_of(event)).json()] == [None]


def test_deliveries_are_paginated_on_request(as_user, event):
    lines = [make_line(event, as_user.user, address=f"{number}@example.org").pk for number in range(3)]

    page = as_user.get(f"{address_of(event)}?page_size=2").json()
    rest = as_user.get(page["next"]).json()

    assert [one["pk"] for one in page["results"] + rest["results"]] == lines[::-1]


def test_list_is_bounded_and_links_to_the_next_page(as_user, event, monkeypatch):
    monkeypatch.setattr("argus.notificationprofile.api.v1.views.MAX_ROWS", 2)
    monkeypatch.setattr("argus.notificationprofile.delivery_log.MAX_ROWS", 2)
    monkeypatch.setattr("argus.api.arrays.MAX_ROWS", 2)
    monkeypatch.setattr("argus.api.arrays.ROWS_PER_CHUNK", 1)
    for number in range(2):
        make_line(event, as_user.user, address=f"{number}@example.org")

    assert len(as_user.get(address_of(event)).json()) == 2
    make_line(event, as_user.user)
    response = as_user.get(address_of(event))
    assert len(json.loads(response.getvalue())) == 2
    assert 'rel="next"' in response["Link"]


def test_unknown_event_is_404(as_user, event):
    other = make_incident()

    here, there = event.incident_id, other.pk
    for incident, key in [(there, event.pk), (0, event.pk), (here, 0), (10**20, event.pk), (here, 10**20)]:
        assert as_user.get(f"{INCIDENTS}{incident}/events/{key}/deliveries/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_delivery_log_is_read_only(as_superuser, event, method):
    assert getattr(as_superuser, method)(address_of(event), {}).status_code == 405


def test_anonymous_requests_are_refused(as_stranger, event):
    assert as_stranger.get(address_of(event)).status_code == 401


def test_query_count_is_constant(as_superuser, event, before, django_assert_num_queries):
    for number in range(50):
        user = make_user(f"user number {number}")
        profile = make_profile(user, created=before.created)
        if number % 2:
            make_line(event, user, profile=profile)

    with django_assert_num_queries(6):
        entries = as_superuser.get(address_of(event)).json()
    assert (len(entries), Delivery.objects.count()) == (51, 25)


def test_browsable_api_shows_deliveries(as_browser, event):
    make_line(event, as_browser.user)

    assert as_browser.get(address_of(event)).status_code == 200
