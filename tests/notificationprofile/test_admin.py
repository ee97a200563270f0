"""The admin's pages of wishes and of the ledger."""

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
from argus.incident.models import Change
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

WISHES = [Timeslot, Filter, NotificationProfile]
WATCHED = [Delivery, Change, MediumHealth]
MODELS = WISHES + WATCHED
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
    """A delivery that failed; its event still waits in the outbox."""
    event = make_incident().events.get()
    return make_line(event, kari, profile=make_profile(kari), verdict="failed", last_error="No such mailbox")


@pytest.fixture
def rows(line) -> dict:
    """The key of a row of each model."""
    MediumHealth.objects.create(medium="EM", failing_since=timezone.now(), incident=line.incident)
    own = {model: model.objects.filter(user=line.user).first().pk for model in WISHES}
    return own | {model: model.objects.first().pk for model in WATCHED}


def forms(*recurrences: dict) -> dict:
    """The recurrences of a time slot as the admin's form has them."""
    data = {"time_recurrences-TOTAL_FORMS": len(recurrences)}
    for number, values in enumerate(recurrences):
        data |= {f"time_recurrences-{number}-{name}": value for name, value in values.items()}
    return data


def hours_of(slot: Timeslot) -> list[tuple]:
    return [(one.days, one.start, one.end) for one in slot.time_recurrences.all()]


# All pages


def test_wishes_are_at_the_addresses_of_the_contract():
    assert [Admin.url(model) for model in WISHES] == [
        f"/admin/argus_notificationprofile/{name}/" for name in ("timeslot", "filter", "notificationprofile")
    ]


def test_all_pages_open(boss, rows):
    for model in MODELS:
        for page, args in [("changelist", []), ("change", [rows[model]]), ("history", [rows[model]])]:
            assert boss.get(model, page, *args).status_code == 200, (model, page)
        for page, args in [("add", []), ("delete", [rows[model]])]:
            assert boss.get(model, page, *args).status_code == (200 if model in WISHES else 403), (model, page)
    assert boss.client.get(reverse("admin:app_list", args=["argus_notificationprofile"])).status_code == 200


def test_strangers_and_ordinary_users_are_sent_to_the_login(rows):
    for client in (Client(), Admin(make_user()).client):
        assert {client.get(Admin.url(model)).status_code for model in MODELS} == {302}


def test_staff_without_permissions_may_see_nothing(rows):
    staff = Admin(make_user(is_staff=True))

    assert {staff.get(model).status_code for model in MODELS} == {403}


def test_nobody_writes_what_argus_writes(boss, rows):
    for model in WATCHED:
        before = list(model.objects.values())
        assert boss.client.post(Admin.url(model, "change", rows[model]), {"verdict": "sent"}).status_code == 403
        assert boss.delete(model, rows[model]).status_code == 403
        boss.delete_selected(model, [rows[model]])
        assert list(model.objects.values()) == before


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_no_address_brings_a_page_down(boss, rows, model):
    for key in NONSENSE:
        for page in ("change", "history", "delete"):
            url = f"{Admin.url(model)}{key}/{page}/".replace("\x00", "%00")
            assert boss.client.get(url).status_code in {302, 403, 404}, url
    for query in QUERIES:
        assert boss.get(model, **query).status_code in {200, 302, 400}, query


@pytest.mark.slow
@pytest.mark.parametrize("model", WISHES, ids=lambda model: model._meta.model_name)
def test_no_form_brings_a_page_down(boss, rows, model):
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


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_nothing_selected_for_an_action_brings_a_list_down(boss, rows, model):
    for key in NONSENSE:
        for action in ("delete_selected", "try_again", "zzz"):
            data = {"action": action, "_selected_action": [key], "post": "yes"}
            assert boss.client.post(Admin.url(model), data).status_code in {200, 302}, (key, action)
    assert model.objects.exists()


def test_lists_cost_the_queries_of_one_row(boss, rows):
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


def test_a_slot_is_made_with_its_hours(boss, kari):
    recurrences = forms({"days": ["2", "1"], "start": "08:00", "end": "16:00"}, {"days": ["7"], "all_day": "on"})

    boss.save(Timeslot, user=kari.pk, name="Mine", **recurrences)

    assert hours_of(Timeslot.objects.get(name="Mine")) == [
        (["1", "2"], time(8), time(16)),
        (["7"], time.min, time.max),
    ]


def test_a_slot_has_at_least_one_recurrence(boss, kari):
    response = boss.send(Timeslot, user=kari.pk, name="Mine", **forms())

    assert response.status_code == 200
    assert boss.errors(response)
    assert not Timeslot.objects.filter(name="Mine").exists()


def test_the_last_recurrence_cannot_be_deleted(boss, kari):
    slot = kari.timeslots.get()

    response = boss.send(Timeslot, "change", slot.pk, **{"time_recurrences-0-DELETE": "on"})

    assert response.status_code == 200
    assert len(hours_of(slot)) == 1


def test_a_slot_that_is_saved_as_it_is_stays_as_it_is(boss, kari):
    slot = make_timeslot(kari, hours=[(range(1, 8), time.min, time.max), ([1], time(8, 0, 0, 5), time(9))])
    before = hours_of(slot)

    boss.save(Timeslot, "change", slot.pk, name="Renamed")
    boss.save(Timeslot, "change", slot.pk, **{"time_recurrences-0-days": ["1", "2"]})

    assert hours_of(slot) == [(["1", "2"], *before[0][1:]), before[1]]
    assert Timeslot.objects.get(pk=slot.pk).name == "Renamed"


def test_all_day_can_be_turned_into_hours_and_back(boss, kari):
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
def test_hours_that_cannot_be_are_refused_in_words(boss, kari, recurrence):
    response = boss.send(Timeslot, user=kari.pk, name="Mine", **forms(recurrence))

    assert response.status_code == 200
    assert boss.errors(response)
    assert not any("constraint" in error.lower() for error in boss.errors(response))


@pytest.mark.parametrize("model", [Timeslot, Filter], ids=["timeslot", "filter"])
def test_a_name_that_the_owner_has_already_is_refused(boss, kari, model):
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


def test_an_owner_is_for_good(boss, rows, kari):
    other = make_user()

    for model in WISHES:
        boss.save(model, "change", rows[model], user=other.pk)
        assert model.objects.get(pk=rows[model]).user == kari


def test_deleting_a_slot_says_that_its_profile_goes_along(boss, kari):
    profile = make_profile(kari)

    page = boss.get(Timeslot, "delete", profile.timeslot_id).content.decode()
    boss.delete(Timeslot, profile.timeslot_id)

    assert "notification profiles: 1" in page
    assert not NotificationProfile.objects.exists()


def test_slots_are_found_by_name_and_owner_and_show_their_hours(boss, kari):
    make_timeslot(kari, "Office", hours=[(range(1, 6), time(8), time(16))])

    assert [slot.name for slot in boss.rows(Timeslot, q="offi")] == ["Office"]
    assert len(boss.rows(Timeslot, q="KARI")) == 2
    page = boss.get(Timeslot).content.decode()
    assert "Mon Tue Wed Thu Fri 08:00-16:00" in page
    assert "Sun all day" in page


# Filters


def test_a_filter_string_is_kept_as_it_was_typed(boss, kari):
    text = ' {"tags": ["a=b"]} '

    boss.save(Filter, user=kari.pk, name="Mine", filter_string=text)

    assert Filter.objects.get().filter_string == text


@pytest.mark.parametrize("text", ["", " ", "x", "[]", "{}", '{"open": true}', '{"tags": ["a"]}', '{"tags": "a=b"}'])
def test_a_filter_that_cannot_be_read_is_refused_in_words(boss, kari, text):
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


def test_a_profile_is_made_and_changed(boss, kari):
    number = PhoneNumber.objects.create(user=kari, phone_number="+4767676767")

    boss.save(NotificationProfile, **profile_form(kari, phone_number=number.pk))
    profile = NotificationProfile.objects.get()
    other = make_timeslot(kari)
    boss.save(NotificationProfile, "change", profile.pk, timeslot=other.pk, active=None, media=["EM"])

    assert profile.filters.count() == 1
    profile.refresh_from_db()
    assert (profile.timeslot, profile.active, profile.media, profile.phone_number) == (other, False, ["EM"], number)


@pytest.mark.parametrize("field", ["timeslot", "filters", "phone_number"])
def test_the_parts_of_a_profile_belong_to_its_owner(boss, kari, foreign_profile, field):
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


def test_a_slot_has_one_profile(boss, kari):
    profile = make_profile(kari)

    response = boss.send(NotificationProfile, **profile_form(kari, timeslot=profile.timeslot_id))

    assert response.status_code == 200
    assert "timeslot" in response.context["adminform"].form.errors


@pytest.mark.parametrize("field", ["user", "timeslot", "filters", "media"])
def test_a_profile_needs_its_parts(boss, kari, field):
    response = boss.send(NotificationProfile, **profile_form(kari, **{field: ""}))

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_profiles_are_filtered_by_activity_and_phone_number(boss, kari):
    number = PhoneNumber.objects.create(user=kari, phone_number="+4767676767")
    silent, by_phone = make_profile(kari, active=False), make_profile(kari, phone_number=number)

    assert boss.rows(NotificationProfile, active__exact="0") == [silent]
    assert boss.rows(NotificationProfile, active__exact="1") == [by_phone]
    assert boss.rows(NotificationProfile, has_phone_number="1") == [by_phone]
    assert boss.rows(NotificationProfile, has_phone_number="0") == [silent]
    assert boss.rows(NotificationProfile, q="nobody") == []


@pytest.mark.parametrize("field", ["user", "timeslot", "filters", "phone_number"])
def test_parts_are_searched_while_one_types(boss, kari, field):
    make_profile(kari, phone_number=PhoneNumber.objects.create(user=kari, phone_number="+4767676767"))
    query = {"app_label": "argus_notificationprofile", "model_name": "notificationprofile", "field_name": field}

    for term, number in (("kari", True), ("nobody", False), ("\x00", False)):
        answer = boss.client.get(reverse("admin:autocomplete"), {**query, "term": term}).json()
        assert bool(answer["results"]) is number


# The ledger


def test_a_failed_delivery_is_tried_again(boss, line):
    sent = make_line(line.event, make_user(), verdict="sent")

    data = {"action": "try_again", "_selected_action": [line.pk, sent.pk]}
    response = boss.client.post(Admin.url(Delivery), data, follow=True)

    assert boss.messages(response) == ["Failed deliveries that will be retried: 1."]
    line.refresh_from_db()
    sent.refresh_from_db()
    assert (line.verdict, sent.verdict) == ("pending", "sent")
    assert line.due <= timezone.now()
    assert LogEntry.objects.get().object_id == str(line.pk)


def test_who_may_only_look_may_not_try_again(line):
    staff = Admin(make_user(is_staff=True))
    staff.user.user_permissions.add(Permission.objects.get(codename="view_delivery"))

    data = {"action": "try_again", "_selected_action": [line.pk]}
    staff.client.post(Admin.url(Delivery), data)

    line.refresh_from_db()
    assert line.verdict == "failed"
    assert staff.get(Delivery, "change", line.pk).status_code == 200


def test_deliveries_are_filtered_and_newest_come_first(boss, line, kari):
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


def test_deliveries_are_found_by_person_address_and_incident(boss, line, kari):
    other = make_line(make_event(make_incident()), make_user("ola"), address="+4791234567", medium="SM")

    assert boss.rows(Delivery, q="Kari") == boss.rows(Delivery, q="kari@example.org") == [line]
    assert boss.rows(Delivery, q="+4791234") == boss.rows(Delivery, q='"912345"') == [other]
    assert other in boss.rows(Delivery, q=str(other.incident_id))
    assert line in boss.rows(Delivery, q=str(line.pk))
    assert boss.rows(Delivery, q="nobody") == boss.rows(Delivery, q="kari ola") == []


def test_the_page_of_a_delivery_tells_what_went_wrong(boss, line):
    page = boss.get(Delivery, "change", line.pk).content.decode()

    assert "No such mailbox" in page
    assert Admin.url(type(line.event), "change", line.event_id) in page


def test_counts_of_the_ledger_are_bounded(boss, line, monkeypatch):
    monkeypatch.setattr("argus.adminkit.changelist.BoundedPaginator.most", 3)
    now = timezone.now()
    for number in range(5):
        make_line(line.event, make_user(), created=now - timedelta(days=number))

    assert boss.get(Delivery).context["cl"].result_count == 3


def test_a_recurrence_is_never_changed_by_looking_at_it(boss, kari):
    slot = kari.timeslots.get()
    before = list(TimeRecurrence.objects.values())

    boss.save(Timeslot, "change", slot.pk)

    assert list(TimeRecurrence.objects.values()) == before
