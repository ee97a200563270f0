"""The admin pages of notification profiles and of the delivery log."""

from datetime import time, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from argus.auth.models import PhoneNumber, User
from argus.incident.models import Change, Incident
from argus.notificationprofile.models import (
    Delivery,
    Filter,
    MediumHealth,
    NotificationProfile,
    TimeRecurrence,
    Timeslot,
)
from tests.admin_pages import Admin
from tests.factories import make_event, make_incident, make_user
from tests.incident.test_admin import NONSENSE, QUERIES
from tests.notificationprofile.factories import make_filter, make_line, make_profile, make_timeslot

pytestmark = pytest.mark.once

OWNED = [Timeslot, Filter, NotificationProfile]
RECORDS = [Delivery, Change, MediumHealth]
MODELS = OWNED + RECORDS
BAD_VALUES = ["\x00", "zzz", "99999999999999999999", "-1", "x" * 3000, "[", "1", "24:00", "٣"]
QUERIES = QUERIES + [
    {name: value}
    for name in ("verdict__exact", "medium__exact", "reason__exact", "has_phone_number", "active__exact")
    for value in ("\x00", "zzz", "", "1", "EM", "failed")
]
QUERIES += [{name: value} for name in ("incident__id__exact", "event__id__exact") for value in NONSENSE]


@pytest.fixture
def kari(db) -> User:
    return make_user("kari")


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


@pytest.fixture
def line(kari) -> Delivery:
    """A failed delivery, and an unrouted event."""
    event = make_incident().events.get()
    return make_line(event, kari, profile=make_profile(kari), verdict="failed", last_error="No such mailbox")


@pytest.fixture
def rows(line) -> dict:
    """The key of a row of each model."""
    MediumHealth.objects.create(medium="EM", failing_since=timezone.now(), incident=line.incident)
    own = {model: model.objects.filter(user=line.user).first().pk for model in OWNED}
    return own | {model: model.objects.first().pk for model in RECORDS}


def forms(*recurrences: dict) -> dict:
    """The recurrences of a time slot as the admin's form has them."""
    data = {"time_recurrences-TOTAL_FORMS": len(recurrences)}
    for number, values in enumerate(recurrences):
        data |= {f"time_recurrences-{number}-{name}": value for name, value in values.items()}
    return data


def hours_of(slot: Timeslot) -> list[tuple]:
    return [(one.days, one.start, one.end) for one in slot.time_recurrences.all()]


# All pages


def test_pages_have_the_urls_of_the_contract():
    assert [Admin.url(model) for model in OWNED] == [
        f"/admin/argus_notificationprofile/{name}/" for name in ("timeslot", "filter", "notificationprofile")
    ]


def test_all_pages_open(boss, rows):
    for model in MODELS:
        for page, args in [("changelist", []), ("change", [rows[model]]), ("history", [rows[model]])]:
            assert boss.get(model, page, *args).status_code == 200, (model, page)
        for page, args in [("add", []), ("delete", [rows[model]])]:
            assert boss.get(model, page, *args).status_code == (200 if model in OWNED else 403), (model, page)
    assert boss.client.get(reverse("admin:app_list", args=["argus_notificationprofile"])).status_code == 200


def test_anonymous_and_non_staff_users_are_redirected_to_the_login(rows):
    for client in (Client(), Admin(make_user()).client):
        assert {client.get(Admin.url(model)).status_code for model in MODELS} == {302}


def test_staff_without_permissions_get_403(rows):
    staff = Admin(make_user(is_staff=True))

    assert {staff.get(model).status_code for model in MODELS} == {403}


def test_records_of_argus_cannot_be_added_or_changed(boss, rows):
    for model in RECORDS:
        before = list(model.objects.values())
        assert boss.client.post(Admin.url(model, "change", rows[model]), {"verdict": "sent"}).status_code == 403
        assert boss.delete(model, rows[model]).status_code == 403
        boss.delete_selected(model, [rows[model]])
        assert list(model.objects.values()) == before


@pytest.mark.both
@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_invalid_queries_cause_no_server_error(boss, rows, model):
    for key in NONSENSE:
        for page in ("change", "history", "delete"):
            url = f"{Admin.url(model)}{key}/{page}/".replace("\x00", "%00")
            assert boss.client.get(url).status_code in {302, 403, 404}, url
    for query in QUERIES:
        assert boss.get(model, **query).status_code in {200, 302, 400}, query


@pytest.mark.both
@pytest.mark.slow
@pytest.mark.parametrize("model", OWNED, ids=lambda model: model._meta.model_name)
def test_invalid_forms_cause_no_server_error(boss, rows, model):
    names = {field.name for field in model._meta.get_fields()}
    for page, args in (("add", []), ("change", [rows[model]])):
        form = boss.fill(model, page, *args)
        for value in BAD_VALUES:
            query = dict.fromkeys(names, value)
            assert boss.get(model, page, *args, **query).status_code == 200, value
            data = dict.fromkeys({*form, *names, "time_recurrences-0-days", "filters", "media"}, value)
            management = {name: form[name] for name in form if "_FORMS" in name}
            for fields in (data, data | management):
                response = boss.client.post(Admin.url(model, page, *args), fields)
                assert response.status_code in {200, 302, 400}, value


@pytest.mark.both
@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_invalid_action_selections_cause_no_server_error(boss, rows, model):
    for key in NONSENSE:
        for action in ("delete_selected", "try_again", "zzz"):
            data = {"action": action, "_selected_action": [key], "post": "yes"}
            assert boss.client.post(Admin.url(model), data).status_code in {200, 302}, (key, action)
    assert model.objects.exists()


@pytest.mark.both
def test_query_count_of_lists_is_constant(boss, rows):
    def counts() -> dict:
        return {model: queries_of(boss, model) for model in MODELS}

    # What is read once and remembered does not count.
    counts()
    one = counts()
    for _ in range(20):
        user = make_user()
        number = PhoneNumber.objects.create(user=user, phone_number="+4767676767")
        profile = make_profile(user, filters=[make_filter(user), make_filter(user)], phone_number=number)
        make_line(make_incident().events.get(), user, profile=profile)
    assert counts() == one


def queries_of(boss, model) -> int:
    with CaptureQueriesContext(connection) as context:
        assert boss.get(model).status_code == 200
    return len(context)


# Time slots


def test_timeslot_is_added_with_recurrences(boss, kari):
    recurrences = forms({"days": ["2", "1"], "start": "08:00", "end": "16:00"}, {"days": ["7"], "all_day": "on"})

    boss.save(Timeslot, user=kari.pk, name="Mine", **recurrences)

    assert hours_of(Timeslot.objects.get(name="Mine")) == [
        (["1", "2"], time(8), time(16)),
        (["7"], time.min, time.max),
    ]


def test_timeslot_needs_a_recurrence(boss, kari):
    response = boss.send(Timeslot, user=kari.pk, name="Mine", **forms())

    assert response.status_code == 200
    assert boss.errors(response)
    assert not Timeslot.objects.filter(name="Mine").exists()


def test_the_last_recurrence_cannot_be_deleted(boss, kari):
    slot = kari.timeslots.get()

    response = boss.send(Timeslot, "change", slot.pk, **{"time_recurrences-0-DELETE": "on"})

    assert response.status_code == 200
    assert len(hours_of(slot)) == 1


def test_saving_an_unchanged_timeslot_changes_nothing(boss, kari):
    slot = make_timeslot(kari, hours=[(range(1, 8), time.min, time.max), ([1], time(8, 0, 0, 5), time(9))])
    before = hours_of(slot)

    boss.save(Timeslot, "change", slot.pk, name="Renamed")
    boss.save(Timeslot, "change", slot.pk, **{"time_recurrences-0-days": ["1", "2"]})

    assert hours_of(slot) == [(["1", "2"], *before[0][1:]), before[1]]
    assert Timeslot.objects.get(pk=slot.pk).name == "Renamed"


def test_recurrence_changes_between_all_day_and_hours(boss, kari):
    slot = kari.timeslots.get()
    hours = {"time_recurrences-0-all_day": None, "time_recurrences-0-start": "8:00", "time_recurrences-0-end": "9:30"}

    boss.save(Timeslot, "change", slot.pk, **hours)
    assert hours_of(slot)[0][1:] == (time(8), time(9, 30))
    boss.save(Timeslot, "change", slot.pk, **{"time_recurrences-0-all_day": "on"})
    assert hours_of(slot)[0][1:] == (time.min, time.max)


@pytest.mark.parametrize(
    "recurrence",
    [
        {"days": ["1"], "start": "16:00", "end": "08:00"},
        {"days": ["1"], "start": "08:00", "end": "08:00"},
        {"days": ["1"], "start": "08:00"},
        {"days": ["1"], "end": "08:00"},
        {"days": ["1"]},
        {"days": ["8"], "all_day": "on"},
        {"all_day": "on"},
    ],
    ids=str,
)
def test_invalid_hours_are_refused(boss, kari, recurrence):
    response = boss.send(Timeslot, user=kari.pk, name="Mine", **forms(recurrence))

    assert response.status_code == 200
    assert boss.errors(response)
    assert not any("constraint" in error.lower() for error in boss.errors(response))


@pytest.mark.parametrize("model", [Timeslot, Filter], ids=["timeslot", "filter"])
def test_duplicate_name_of_an_owner_is_refused(boss, kari, model):
    make = {Timeslot: make_timeslot, Filter: make_filter}[model]
    make(kari, "Taken")
    one = make(kari, "Mine")
    make(make_user(), "Theirs")
    new = {"user": kari.pk, "filter_string": '{"tags": []}', **forms({"days": ["1"], "all_day": "on"})}

    added = boss.send(model, name="Taken", **new)
    renamed = boss.send(model, "change", one.pk, name="Taken")

    assert (added.status_code, renamed.status_code) == (200, 200)
    assert boss.errors(added) == boss.errors(renamed) != []
    boss.save(model, "change", one.pk, name="Theirs")


def test_owner_cannot_be_changed(boss, rows, kari):
    other = make_user()

    for model in OWNED:
        boss.save(model, "change", rows[model], user=other.pk)
        assert model.objects.get(pk=rows[model]).user == kari


def test_deletion_page_of_a_timeslot_lists_its_profile(boss, kari):
    profile = make_profile(kari)

    page = boss.get(Timeslot, "delete", profile.timeslot_id).content.decode()
    boss.delete(Timeslot, profile.timeslot_id)

    assert "notification profiles: 1" in page
    assert not NotificationProfile.objects.exists()


@pytest.mark.both
def test_timeslots_are_searched_by_name_and_owner(boss, kari):
    make_timeslot(kari, "Office", hours=[(range(1, 6), time(8), time(16))])

    assert [slot.name for slot in boss.rows(Timeslot, q="offi")] == ["Office"]
    assert len(boss.rows(Timeslot, q="KARI")) == 2
    page = boss.get(Timeslot).content.decode()
    assert "Mon Tue Wed Thu Fri 08:00-16:00" in page
    assert "every day, all day" in page


# Filters


def test_filter_string_is_stored_unchanged(boss, kari):
    text = ' {"tags": ["a=b"]} '

    boss.save(Filter, user=kari.pk, name="Mine", filter_string=text)

    assert Filter.objects.get().filter_string == text


@pytest.mark.parametrize("text", ["", " ", "x", "[]", "{}", '{"open": true}', '{"tags": ["a"]}', '{"tags": "a=b"}'])
def test_invalid_filter_string_is_refused(boss, kari, text):
    response = boss.send(Filter, user=kari.pk, name="Mine", filter_string=text)

    assert response.status_code == 200
    assert "filter_string" in response.context["adminform"].form.errors


# Profiles


def profile_form(owner, **values) -> dict:
    return {
        "user": owner.pk,
        "timeslot": owner.timeslots.first().pk,
        "filters": [make_filter(owner).pk],
        "media": ["EM", "SM"],
        "active": "on",
        **values,
    }


def test_profile_is_added_and_changed(boss, kari):
    number = PhoneNumber.objects.create(user=kari, phone_number="+4767676767")

    boss.save(NotificationProfile, **profile_form(kari, phone_number=number.pk))
    profile = NotificationProfile.objects.get()
    other = make_timeslot(kari)
    boss.save(NotificationProfile, "change", profile.pk, timeslot=other.pk, active=None, media=["EM"])

    assert profile.filters.count() == 1
    profile.refresh_from_db()
    assert (profile.timeslot, profile.active, profile.media, profile.phone_number) == (other, False, ["EM"], number)


@pytest.mark.parametrize("field", ["timeslot", "filters", "phone_number"])
def test_parts_of_another_user_are_refused(boss, kari, foreign_profile, field):
    part = {
        "timeslot": make_timeslot(foreign_profile.user).pk,
        "filters": [foreign_profile.filters.get().pk],
        "phone_number": foreign_profile.phone_number_id,
    }[field]

    added = boss.send(NotificationProfile, **profile_form(kari, **{field: part}))
    mine = make_profile(kari)
    changed = boss.send(NotificationProfile, "change", mine.pk, **{field: part})

    for response in (added, changed):
        assert response.status_code == 200
        assert field in response.context["adminform"].form.errors


@pytest.mark.both
def test_timeslot_has_one_profile(boss, kari):
    profile = make_profile(kari)

    response = boss.send(NotificationProfile, **profile_form(kari, timeslot=profile.timeslot_id))

    assert response.status_code == 200
    assert "timeslot" in response.context["adminform"].form.errors


@pytest.mark.parametrize("field", ["user", "timeslot", "filters", "media"])
def test_profile_needs_all_parts(boss, kari, field):
    response = boss.send(NotificationProfile, **profile_form(kari, **{field: ""}))

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_profiles_are_filtered_by_active_and_phone_number(boss, kari):
    number = PhoneNumber.objects.create(user=kari, phone_number="+4767676767")
    silent, by_phone = make_profile(kari, active=False), make_profile(kari, phone_number=number)

    assert boss.rows(NotificationProfile, active__exact="0") == [silent]
    assert boss.rows(NotificationProfile, active__exact="1") == [by_phone]
    assert boss.rows(NotificationProfile, has_phone_number="1") == [by_phone]
    assert boss.rows(NotificationProfile, has_phone_number="0") == [silent]
    assert boss.rows(NotificationProfile, q="unknown") == []


@pytest.mark.parametrize("field", ["user", "timeslot", "filters", "phone_number"])
def test_autocomplete_finds_parts(boss, kari, field):
    make_profile(kari, phone_number=PhoneNumber.objects.create(user=kari, phone_number="+4767676767"))
    query = {"app_label": "argus_notificationprofile", "model_name": "notificationprofile", "field_name": field}

    for term, number in (("kari", True), ("unknown", False), ("\x00", False)):
        answer = boss.client.get(reverse("admin:autocomplete"), {**query, "term": term}).json()
        assert bool(answer["results"]) is number


# The delivery log


def test_failed_delivery_is_retried(boss, line):
    sent = make_line(line.event, make_user(), verdict="sent")

    data = {"action": "try_again", "_selected_action": [line.pk, sent.pk]}
    response = boss.client.post(Admin.url(Delivery), data, follow=True)

    assert boss.messages(response) == ["Failed deliveries that will be retried: 1."]
    line.refresh_from_db()
    sent.refresh_from_db()
    assert (line.verdict, sent.verdict) == ("pending", "sent")
    assert line.due <= timezone.now()
    assert LogEntry.objects.get().object_id == str(line.pk)


def test_retry_needs_the_change_permission(line):
    staff = Admin(make_user(is_staff=True))
    staff.user.user_permissions.add(Permission.objects.get(codename="view_delivery"))

    data = {"action": "try_again", "_selected_action": [line.pk]}
    staff.client.post(Admin.url(Delivery), data)

    line.refresh_from_db()
    assert line.verdict == "failed"
    assert staff.get(Delivery, "change", line.pk).status_code == 200


@pytest.mark.both
def test_deliveries_are_filtered_newest_first(boss, line, kari):
    silent = make_line(line.event, kari, medium="SM", verdict="suppressed", reason="no address", address="")
    other = make_line(make_event(make_incident()), kari)

    assert boss.rows(Delivery) == [other, silent, line]
    assert boss.rows(Delivery, verdict__exact="failed") == [line]
    assert boss.rows(Delivery, medium__exact="SM") == [silent]
    assert boss.rows(Delivery, reason__exact="no address") == [silent]
    assert boss.rows(Delivery, reason__exact="no address", verdict__exact="suppressed", medium__exact="SM") == [silent]
    assert boss.rows(Delivery, verdict__exact="failed", medium__exact="SM") == []
    assert boss.rows(Delivery, incident__id__exact=line.incident_id) == [silent, line]
    assert boss.rows(Delivery, event__id__exact=other.event_id) == [other]


@pytest.mark.both
def test_deliveries_are_searched_by_user_address_and_incident(boss, line, kari):
    other = make_line(make_event(make_incident()), make_user("ola"), address="+4791234567", medium="SM")

    assert boss.rows(Delivery, q="Kari") == boss.rows(Delivery, q="kari@example.org") == [line]
    assert boss.rows(Delivery, q="+4791234") == boss.rows(Delivery, q='"912345"') == [other]
    assert other in boss.rows(Delivery, q=str(other.incident_id))
    assert line in boss.rows(Delivery, q=str(line.pk))
    assert boss.rows(Delivery, q="unknown") == boss.rows(Delivery, q="kari ola") == []


def test_delivery_page_shows_the_last_error(boss, line):
    page = boss.get(Delivery, "change", line.pk).content.decode()

    assert "No such mailbox" in page
    assert Admin.url(type(line.event), "change", line.event_id) in page


@pytest.mark.both
def test_delivery_counts_are_bounded(boss, line, monkeypatch):
    monkeypatch.setattr("argus.adminkit.changelist.BoundedPaginator.max_rows", 3)
    now = timezone.now()
    for number in range(5):
        make_line(line.event, make_user(), created=now - timedelta(days=number))

    assert boss.get(Delivery).context["cl"].result_count == 3


@pytest.mark.both
def test_recurrence_keeps_its_microseconds(boss, kari):
    slot = kari.timeslots.get()
    before = list(TimeRecurrence.objects.values())

    boss.save(Timeslot, "change", slot.pk)

    assert list(TimeRecurrence.objects.values()) == before


# The page of an incident


def test_page_of_an_incident_shows_its_deliveries(boss, line, kari):
    ola = make_user("ola")
    make_line(line.event, ola, verdict="suppressed", reason="outside timeslot")

    page = boss.get(Incident, "change", line.incident_id).content.decode().split("What happened")[1]

    for text in ("No such mailbox", "failed: 1", "suppressed: 1", "Outside the time slot", "waiting for a worker: 1"):
        assert text in page, text
    assert boss.url(Delivery, "change", line.pk) in page


def test_page_of_an_incident_hides_deliveries_without_the_permission(line):
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_incident"))

    page = Admin(user).get(Incident, "change", line.incident_id).content.decode()

    assert "What happened" in page
    assert "No such mailbox" not in page


def test_page_of_an_incident_takes_as_many_queries_with_many_deliveries(boss, line):
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            assert boss.get(Incident, "change", line.incident_id).status_code == 200
        return len(context)

    queries()
    few = queries()
    for _ in range(20):
        make_line(line.event, make_user())
        make_event(line.incident, "OTH")
    assert queries() == few
