"""Incidents in the admin: columns, filters and searches of the list; forms that call the services."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from argus.incident.api.v1.serializers import MAX_TAGS
from argus.incident.models import Event, Incident, IncidentTagRelation
from argus.util.infinity import INFINITY
from tests.admin_pages import Admin
from tests.factories import (
    NOON,
    make_ack,
    make_expired_ack,
    make_incident,
    make_incidents,
    make_source,
    make_user,
)

pytestmark = pytest.mark.once

CLOSED = NOON + timedelta(hours=1)
# The fields of the form for an end time.
CLOSED_LONG_AGO = {"end_time_0": "2024-05-15", "end_time_1": "15:00:00", "end_time_2": None}
REOPENED = {"end_time_0": "", "end_time_1": "", "end_time_2": "on"}


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


def columns(boss, incident) -> dict[str, str]:
    """Return the cells of the only row of the list, by column."""
    content = boss.get(Incident, q=str(incident.pk)).content.decode()
    cells = content.split("<tbody>")[1].split("</tbody>")[0].replace("<th ", "<td ").split("<td ")[1:]
    parts = [cell.partition(">") for cell in cells]
    return {head.split('"')[1].removeprefix("field-").split()[0]: body for head, _, body in parts}


def events(incident) -> list[tuple[str, str]]:
    """Return type and actor of the events after the start."""
    found = Event.objects.filter(incident=incident).exclude(type="STA").order_by("pk")
    return list(found.values_list("type", "actor__username"))


# The list


def test_list_has_the_columns_of_the_contract(boss):
    source = make_source(base_url="https://nav.example.org/a/")
    incident = make_incident(
        source,
        source_incident_id="x<1>",
        description="Down & <out>",
        details_url="/d?a=1&b=2",
        ticket_url="https://tickets.example.org/1",
        tags=["a=<b>", "c=d"],
    )

    row = columns(boss, incident)

    assert list(row)[1:5] == ["summary", "state", "age", "source"]
    assert "x&lt;1&gt;" in row["source_incident_id"]
    assert "2024-05-15 14:00" in row["age"]
    assert "∞" in row["end"]
    assert "Down &amp; &lt;out&gt;" in row["summary"]
    assert "a=&lt;b&gt;, c=d" in row["tag_list"]
    assert '<a href="https://nav.example.org/d?a=1&amp;b=2"' in row["links"]
    assert '<a href="https://tickets.example.org/1"' in row["links"]


@pytest.mark.parametrize(
    ("values", "badges"),
    [
        ({}, ["alarm open"]),
        ({"end_time": CLOSED}, ["good closed"]),
        ({"end_time": None, "restricted": True}, ["plain stateless", "plain restricted"]),
    ],
)
def test_state_is_a_word(boss, values, badges):
    cell = columns(boss, make_incident(**values))["state"]

    assert re.findall('badge-([a-z]+)">([a-z]+)<', cell) == [tuple(one.split()) for one in badges]
    assert "<img" not in cell


def test_acked_incident_is_open_and_acknowledged(boss):
    incident = make_incident()
    make_ack(incident)

    assert re.findall('badge-([a-z]+)">([a-z]+)<', columns(boss, incident)["state"]) == [
        ("plain", "open"),
        ("notice", "acknowledged"),
    ]


def test_incident_without_description_is_named_by_its_id(boss):
    row = columns(boss, make_incident(description="", source_incident_id="N-77"))

    assert "N-77" in row["summary"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example.org/", "d/1", "http://[", '">']
)
def test_unsafe_url_is_not_a_link(boss, url):
    incident = make_incident()
    Incident.objects.filter(pk=incident.pk).update(details_url=url, ticket_url=url)

    row = columns(boss, incident)

    assert "<a" not in row["links"]
    assert '">' not in row["links"].removesuffix('">')


def test_newest_incident_is_first(boss):
    first, second = make_incidents(2)

    assert boss.rows(Incident) == [second, first]


@pytest.mark.both
def test_filters_by_state(boss):
    stateless, opened, closed = make_incident(end_time=None), make_incident(), make_incident(end_time=CLOSED)
    make_ack(opened)
    make_expired_ack(closed)

    assert boss.rows(Incident, stateful="0") == [stateless]
    assert set(boss.rows(Incident, stateful="1")) == {opened, closed}
    assert boss.rows(Incident, open="1") == [opened]
    assert boss.rows(Incident, open="0") == [closed]
    assert boss.rows(Incident, acked="1") == [opened]
    assert set(boss.rows(Incident, acked="0")) == {stateless, closed}
    assert boss.rows(Incident, open="1", acked="0") == []


def test_filter_by_start(boss):
    new, old = make_incident(start_time=timezone.now()), make_incident(start_time=timezone.now() - timedelta(days=2))

    assert boss.rows(Incident, started="1h") == [new]
    assert boss.rows(Incident, started="7d") == [new, old]


@pytest.mark.both
def test_filters_by_source_and_source_type(boss):
    one, other = make_incident(make_source(type="nav")), make_incident(make_source(type="zabbix"))

    assert boss.rows(Incident, source__id__exact=one.source_id) == [one]
    assert boss.rows(Incident, source__type__name__exact="zabbix") == [other]


@pytest.mark.both
def test_search_finds_everything_that_the_contract_names(boss):
    source = make_source("nav.oslo", type="nav")
    wanted = make_incident(
        source, source_incident_id="N-77", description="Fan 3 broken", tags=["host=sw-1.example.org"]
    )
    make_incident(make_source("other", type="zabbix"), description="Nothing", tags=["host=sw-2.example.org"])
    make_incident(tags=["host=gone"]).delete()

    for text in [
        str(wanted.pk),
        "N-77",
        "n-7",
        "broken",
        "FAN",
        "fan broken",
        '"fan 3"',
        "nav.oslo",
        "oslo",
        "NAV",
        "host=sw-1.example.org",
        "host=SW-1",
        "sw-1",
        "nav.oslo broken host=sw-1.example.org",
    ]:
        assert boss.rows(Incident, q=text) == [wanted], text
    for text in [
        "fan working",
        "host=sw-3",
        "host=gone",
        '"broken fan"',
        "999999999",
        "zabbix broken",
        "a b c d e f g h broken",
    ]:
        assert boss.rows(Incident, q=text) == [], text


@pytest.mark.both
def test_search_and_filters_are_combined(boss):
    make_incident(description="Fan", end_time=CLOSED)
    wanted = make_incident(description="Fan")

    assert boss.rows(Incident, q="fan", open="1") == [wanted]


@pytest.mark.both
def test_words_are_searched_in_the_newest_rows_that_filters_leave(boss, monkeypatch):
    monkeypatch.setattr("argus.adminkit.search.MAX_SCANNED_ROWS", 2)
    make_incident(description="Fan", source_incident_id="old", start_time=NOON - timedelta(days=1))
    newest = make_incidents(2, description="Fan")

    assert set(boss.rows(Incident, q="fan")) == set(newest)
    assert len(boss.rows(Incident, q="old")) == 1


@pytest.mark.both
def test_count_of_a_long_list_is_limited_and_marked(boss, monkeypatch):
    monkeypatch.setattr("argus.adminkit.changelist.BoundedPaginator.max_rows", 3)
    make_incidents(4)

    response = boss.get(Incident)

    assert "The first 3 incidents; filters and the search reach the others." in response.content.decode()


@pytest.mark.both
def test_list_is_sortable_by_start_only(boss):
    make_incidents(3)
    by_start = [incident.start_time for incident in boss.rows(Incident, o="3")]

    with CaptureQueriesContext(connection) as queries:
        boss.rows(Incident, o="1.6")

    assert by_start == sorted(by_start)
    assert not any("ORDER BY" in query["sql"] and '"description" ASC' in query["sql"] for query in queries)


@pytest.mark.both
def test_list_of_fifty_takes_as_many_queries_as_one_of_five(boss):
    sources = [make_source(), make_source(type="zabbix")]

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            boss.rows(Incident)
        return len(captured)

    for number in range(5):
        make_incident(sources[number % 2], tags=[f"a={number}", "b=c"])
    few = queries()
    for number in range(45):
        make_incident(sources[number % 2], tags=[f"a={number}", f"b={number}"])

    assert queries() == few


# Adding


def new_incident(from_source, **fields) -> dict:
    data = {
        "source": from_source.pk,
        "source_incident_id": "1",
        "start_time_0": "2024-05-15",
        "start_time_1": "14:00:00",
        "description": "Made by hand",
    }
    return data | fields


def test_new_incident_has_a_start_event_and_tags(boss):
    source = make_source()

    boss.save(Incident, **new_incident(source, **{"tag_relations-0-text": "a=b"}))

    incident = Incident.objects.get()
    assert (incident.start_time, incident.end_time, incident.source) == (NOON, INFINITY, source)
    assert Event.objects.get().type == "STA"
    relation = IncidentTagRelation.objects.get()
    assert (str(relation.tag), relation.added_by) == ("a=b", boss.user)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.action_flag) == (boss.user, str(incident.pk), 1)


def test_new_incident_may_be_stateless_or_ended(boss):
    source = make_source()

    boss.save(Incident, **new_incident(source, end_time_2=None))
    boss.save(Incident, **new_incident(source, source_incident_id="2", **CLOSED_LONG_AGO))

    assert [incident.end_time for incident in Incident.objects.order_by("pk")] == [None, CLOSED]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"source_incident_id": "taken"}, "already has an incident"),
        ({"source": "zzz"}, "valid choice"),
        ({"source": "99999999999999999999"}, "valid choice"),
        ({"end_time_0": "2024-05-15", "end_time_1": "10:00", "end_time_2": None}, "cannot end before it starts"),
        ({"end_time_0": "2024-05-15", "end_time_1": "15:00"}, "or infinity"),
        ({"end_time_0": "2024-05-15", "end_time_2": None}, "both a date and a time"),
        ({"end_time_0": "0001-01-01", "end_time_1": "00:00", "end_time_2": None}, "years 1 to 9999"),
        ({"start_time_0": "0001-01-01", "start_time_1": "00:00"}, "years 1 to 9999"),
        ({"start_time_0": "", "start_time_1": ""}, "required"),
        ({"source_incident_id": "å" * 1500}, "Longer than 2000 bytes"),
        ({"ticket_url": "javascript:alert(1)"}, "not an absolute http or https URL"),
        ({"details_url": "javascript:alert(1)"}, "must be a relative URL"),
        ({"description": "a\x00b"}, "Null characters"),
        ({"tag_relations-0-text": "no divider"}, "key and a value"),
        ({"tag_relations-0-text": "UPPER=x"}, "lower-case"),
        ({"tag_relations-0-text": "a=\x00"}, "Null characters"),
    ],
)
def test_refused_incident_is_shown_with_the_error_and_not_stored(boss, fields, complaint):
    source = make_source()
    make_incident(source, source_incident_id="taken")

    response = boss.send(Incident, **new_incident(source, **fields))

    assert response.status_code == 200
    assert any(complaint in error for error in boss.errors(response)), boss.errors(response)
    assert Incident.objects.count() == 1
    assert not LogEntry.objects.exists()


# Changing


def test_unchanged_form_changes_nothing(boss):
    for end_time in (None, INFINITY, CLOSED, CLOSED + timedelta(microseconds=5)):
        incident = make_incident(end_time=end_time, details_url="d", tags=["a=b"])

        boss.save(Incident, "change", incident.pk)

        incident.refresh_from_db()
        assert (incident.end_time, incident.details_url) == (end_time, "d")
        assert incident.tags.count() == 1
        assert events(incident) == []


def test_end_time_closes_the_incident(boss):
    incident = make_incident()

    boss.save(Incident, "change", incident.pk, **CLOSED_LONG_AGO)

    incident.refresh_from_db()
    assert incident.end_time == CLOSED
    assert events(incident) == [("CLO", boss.user.username)]
    assert LogEntry.objects.get().get_change_message() == "Changed End time."


@pytest.mark.both
def test_infinity_reopens_the_incident(boss):
    incident = make_incident(end_time=CLOSED)

    boss.save(Incident, "change", incident.pk, **REOPENED)

    incident.refresh_from_db()
    assert incident.end_time == INFINITY
    assert events(incident) == [("REO", boss.user.username)]


def test_future_end_of_a_closed_incident_reopens_it(boss):
    incident = make_incident(end_time=CLOSED)

    boss.save(Incident, "change", incident.pk, end_time_0="2999-01-01", end_time_1="00:00:00")

    incident.refresh_from_db()
    assert incident.open
    assert [kind for kind, _ in events(incident)] == ["REO", "CLO"]
    assert incident.end_time == datetime(2998, 12, 31, 23, tzinfo=UTC)


def test_corrected_end_is_recorded_as_an_event(boss):
    incident = make_incident(end_time=CLOSED)

    boss.save(Incident, "change", incident.pk, end_time_1="16:00:00")

    incident.refresh_from_db()
    assert incident.end_time == CLOSED + timedelta(hours=1)
    event = Event.objects.get(type="OTH")
    assert event.description == "End time corrected from 2024-05-15T15:00:00+02:00 to 2024-05-15T16:00:00+02:00."


def test_removed_future_end_is_recorded_as_an_event(boss):
    incident = make_incident(end_time=timezone.now() + timedelta(days=1))

    boss.save(Incident, "change", incident.pk, **REOPENED)

    incident.refresh_from_db()
    assert incident.end_time == INFINITY
    assert events(incident) == [("OTH", boss.user.username)]


@pytest.mark.parametrize(
    ("end_time", "fields"),
    [
        (None, REOPENED),
        (None, CLOSED_LONG_AGO),
        (INFINITY, {"end_time_2": None}),
        (INFINITY, {"end_time_0": "2024-05-15", "end_time_1": "10:00:00", "end_time_2": None}),
        (CLOSED, {"end_time_0": "", "end_time_1": ""}),
    ],
)
def test_invalid_end_is_refused(boss, end_time, fields):
    incident = make_incident(end_time=end_time)

    response = boss.send(Incident, "change", incident.pk, **fields)

    assert response.status_code == 200
    assert boss.errors(response)
    incident.refresh_from_db()
    assert incident.end_time == end_time
    assert events(incident) == []


@pytest.mark.both
def test_adding_a_ticket_does_not_revert_concurrent_changes(boss):
    incident = make_incident(tags=["a=b"])
    form = boss.fill(Incident, "change", incident.pk, ticket_url="https://tickets.example.org/1")

    Admin().save(Incident, "change", incident.pk, details_url="new", **CLOSED_LONG_AGO)
    response = boss.client.post(boss.url(Incident, "change", incident.pk), form)

    assert response.status_code == 302
    incident.refresh_from_db()
    assert (incident.end_time, incident.details_url) == (CLOSED, "new")
    assert incident.ticket_url == "https://tickets.example.org/1"


def test_change_sends_the_signal(boss, announced):
    incident = make_incident()

    heard = announced(boss.save, Incident, "change", incident.pk, ticket_url="https://tickets.example.org/1")

    assert [(one.pk, one.ticket_url, created) for one, created in heard] == [
        (incident.pk, "https://tickets.example.org/1", False)
    ]


def test_values_of_the_source_cannot_be_changed(boss):
    incident = make_incident(description="As it was")

    boss.save(Incident, "change", incident.pk, description="new", source_incident_id="new", start_time_0="2020-01-01")

    changed = Incident.objects.get()
    assert changed.description == "As it was"
    assert (changed.source_incident_id, changed.start_time) == (incident.source_incident_id, incident.start_time)


def test_superusers_add_tags_and_remove_tags_of_other_users(boss):
    incident = make_incident(tags=["a=1", "b=2"])

    boss.save(Incident, "change", incident.pk, **{"tag_relations-0-DELETE": "on", "tag_relations-2-text": "c= 3 =4 "})

    kept, new = incident.tag_relations.order_by("pk")
    assert (str(kept.tag), kept.added_by) == ("b=2", incident.source.user)
    assert (str(new.tag), new.added_by) == ("c= 3 =4 ", boss.user)
    message = LogEntry.objects.get().get_change_message()
    assert (message.count("c= 3 =4 "), message.count("a=1")) == (1, 1)


def test_users_cannot_remove_tags_of_other_users(db):
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_incident"))
    incident = make_incident(tags=["a=1"])

    response = Admin(user).send(Incident, "change", incident.pk, **{"tag_relations-0-DELETE": "on"})

    assert response.status_code == 200
    assert "a=1: Only the user who added this tag can remove it." in Admin.errors(response)
    assert incident.tags.count() == 1


@pytest.mark.both
def test_tag_that_was_removed_concurrently_is_ignored(boss):
    incident = make_incident(tags=["a=1", "b=2"])
    form = boss.fill(Incident, "change", incident.pk, **{"tag_relations-2-text": "c=3"})

    incident.tag_relations.last().delete()
    response = boss.client.post(boss.url(Incident, "change", incident.pk), form)

    assert response.status_code in {200, 302}


def test_form_of_an_incident_with_the_maximum_of_tags_is_accepted(boss):
    few, more = make_incident(tags=["a=1"]), make_incident(tags=["a=1", "a=2"])
    fields = len(boss.fill(Incident, "change", more.pk)) - len(boss.fill(Incident, "change", few.pk))

    # One more for the checkbox that deletes it, and some for the incident itself.
    assert (fields + 1) * MAX_TAGS + 100 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_users_with_view_permission_cannot_change_incidents(db):
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_incident"))
    incident = make_incident(tags=["a=1"])
    watcher = Admin(user)

    assert "a=1" in watcher.get(Incident, "change", incident.pk).content.decode()
    assert watcher.client.post(watcher.url(Incident, "change", incident.pk), {"ticket_url": "x"}).status_code == 403


# Deleting


@pytest.mark.both
def test_deleting_an_incident_deletes_its_history(boss):
    incident = make_incident(tags=["a=1"])
    make_ack(incident)

    page = boss.get(Incident, "delete", incident.pk).content.decode()
    response = boss.delete(Incident, incident.pk)

    assert "Events: 2" in page
    assert response.status_code == 302
    assert not Incident.objects.exists()
    assert not Event.objects.exists()
    assert LogEntry.objects.get().user == boss.user


def test_many_incidents_are_not_deleted_at_once(boss):
    incident = make_incident()

    page = boss.get(Incident).content.decode()
    boss.delete_selected(Incident, [incident.pk])

    assert "delete_selected" not in page
    assert Incident.objects.exists()


def test_deletion_of_too_many_rows_is_refused(boss, monkeypatch):
    monkeypatch.setattr("argus.adminkit.deletion.MAX_ROWS", 1)
    incident = make_incident(tags=["a=1"])

    response = boss.delete(Incident, incident.pk)

    assert "more than the admin deletes" in response.content.decode()
    assert Incident.objects.exists()
