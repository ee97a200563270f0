"""Reactions to changes: the time slot of a new user, unrouted events, the version of the profile cache."""

import pytest
from django.core.management import call_command
from django.test import Client

from argus.auth.models import PhoneNumber, User
from argus.incident.models import Change, Event
from argus.notificationprofile.models import Filter, NotificationProfile, TimeRecurrence, Timeslot
from tests.admin_pages import Admin
from tests.factories import INCIDENTS, PASSWORD, make_ack, make_event, make_incident, make_source, make_user
from tests.notificationprofile.factories import API, FILTERS, PREVIEW, TIMESLOTS, make_filter, make_profile
from tests.notificationprofile.factories import make_timeslot as new_slot

NUMBERS = "/api/v1/auth/phone-number/"
ALL_DAY = {"days": [1], "all_day": True}


def all_slots() -> set[tuple]:
    return set(Timeslot.objects.values_list("user__username", "name"))


# The default time slot


def test_every_new_user_has_a_slot_for_all_the_time(db):
    (slot,) = make_user().timeslots.all()

    assert slot.name == "All the time"
    (recurrence,) = slot.time_recurrences.all()
    assert recurrence.is_all_day
    assert recurrence.days == list("1234567")


def test_users_created_in_any_way_have_a_time_slot(db):
    make_source("nav")
    call_command("createsuperuser", username="boss", email="boss@example.org", interactive=False)
    Admin().save(User, username="kari", password1=PASSWORD, password2=PASSWORD)
    User.objects.create(username="raw")

    assert {(name, "All the time") for name in ("nav", "boss", "kari", "raw")} <= all_slots()


def test_a_slot_that_was_deleted_does_not_come_back(db):
    user = make_user()
    user.timeslots.all().delete()

    user.first_name = "Kari"
    user.save()
    Client().login(username=user.username, password=PASSWORD)

    assert not user.timeslots.exists()


# Unrouted events


def test_every_event_is_unrouted(db):
    incident = make_incident()
    make_event(incident, "CLO")
    make_event(incident, "REO")
    make_event(incident)
    make_ack(incident)
    make_event(incident, "END")

    unrouted = Change.objects.unrouted().values_list("event", flat=True)
    assert set(unrouted) == set(Event.objects.values_list("pk", flat=True))


def test_changes_without_event_are_not_unrouted(as_user):
    incident = make_incident()
    Change.objects.update(routed=True)

    as_user.patch(f"{INCIDENTS}{incident.pk}/", {"ticket_url": "https://tickets.example.org/1"})
    as_user.post(f"{INCIDENTS}{incident.pk}/events/", {"type": "STA"})

    assert not Change.objects.unrouted().exists()


# The version of the profile cache


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("part", ["timeslot", "hours", "filter", "profile", "profile's filters", "phone number"])
def test_every_change_over_rest_counts(as_user, slot, own_filter, profile, number, routing_changes, part, method):
    free, other = new_slot(as_user.user), make_filter(as_user.user)
    body = {"timeslot": free.pk, "filters": [own_filter.pk], "media": ["EM"]}
    path, pk, body = {
        "timeslot": (TIMESLOTS, slot.pk, {"name": "Other", "time_recurrences": []}),
        "hours": (TIMESLOTS, slot.pk, {"name": "Nightly", "time_recurrences": [ALL_DAY]}),
        "filter": (FILTERS, own_filter.pk, {"name": "Other", "filter_string": '{"tags": ["a=b"]}'}),
        "profile": (API, slot.pk, body),
        "profile's filters": (API, slot.pk, {**body, "filters": [own_filter.pk, other.pk]}),
        "phone number": (NUMBERS, number.pk, {"phone_number": "+4791234567"}),
    }[part]

    assert routing_changes(getattr(as_user, method), path if method == "post" else f"{path}{pk}/", body) > 0


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (TIMESLOTS, {"time_recurrences": [ALL_DAY]}),
        (TIMESLOTS, {"time_recurrences": []}),
        (FILTERS, {"filter_string": '{"tags": ["a=b"]}'}),
        (API, {"active": False}),
        (API, {"media": ["SM"]}),
        (API, {"filters": []}),
    ],
)
def test_every_single_field_counts(as_user, slot, own_filter, profile, routing_changes, path, change):
    if "filters" in change:
        change = {"filters": [make_filter(as_user.user).pk]}

    pk = own_filter.pk if path == FILTERS else slot.pk
    assert routing_changes(as_user.patch, f"{path}{pk}/", change) > 0


def test_changes_in_the_admin_count(profile, slot, own_filter, routing_changes):
    boss = Admin()
    changes = [
        (NotificationProfile, profile, {"active": None}),
        (NotificationProfile, profile, {"filters": [make_filter(profile.user).pk]}),
        (Timeslot, slot, {"time_recurrences-0-days": ["1"]}),
        (Filter, own_filter, {"filter_string": '{"tags": ["a=b"]}'}),
        (User, profile.user, {"email": "other@example.org"}),
        (User, profile.user, {"is_active": None}),
    ]

    for model, row, change in changes:
        assert routing_changes(boss.save, model, "change", row.pk, **change) > 0, change
    for model, row in ((NotificationProfile, profile), (Timeslot, slot), (Filter, own_filter)):
        assert routing_changes(boss.delete_selected, model, [row.pk]) > 0, model


def test_changes_of_users_count(routing_changes):
    user = make_user()
    number = PhoneNumber.objects.create(user=user, phone_number="+4767676767")

    assert routing_changes(number.delete) > 0
    assert routing_changes(user.save) > 0
    assert routing_changes(user.save, update_fields=["email"]) > 0
    assert routing_changes(user.delete) > 0


def test_logins_and_reads_do_not_count(as_user, profile, routing_changes):
    credentials = {"username": as_user.user.username, "password": PASSWORD}
    browser = Client()

    assert routing_changes(browser.login, **credentials) == 0
    assert routing_changes(browser.logout) == 0
    assert routing_changes(as_user.post, "/api/v1/token-auth/", credentials) == 0
    call_command("setpassword", as_user.user.username, "another horse battery staple")
    assert routing_changes(call_command, "setpassword", as_user.user.username, PASSWORD) == 0
    for path in (API, TIMESLOTS, FILTERS, f"{API}{profile.timeslot_id}/incidents/"):
        assert routing_changes(as_user.get, path) == 0
    assert routing_changes(as_user.post, PREVIEW, {"tags": []}) == 0


def test_incidents_do_not_count(as_user, routing_changes):
    source = make_source()

    assert routing_changes(make_incident, source, tags=["a=b"]) == 0
    assert routing_changes(make_event, make_incident(source), actor=as_user.user) == 0


def test_refused_changes_do_not_count(as_user, profile, own_filter, routing_changes):
    assert routing_changes(as_user.patch, f"{FILTERS}{own_filter.pk}/", {"filter_string": "[]"}) == 0
    assert routing_changes(as_user.post, API, {"timeslot": profile.timeslot_id}) == 0
    assert routing_changes(as_user.delete, f"{FILTERS}0/") == 0


def test_deleting_a_user_deletes_the_profiles(db):
    profile = make_profile(make_user())

    profile.user.delete()

    assert not any(model.objects.exists() for model in (Timeslot, TimeRecurrence, Filter, NotificationProfile))
