"""Actions of the list of incidents and of an incident's page, and what the page says happened."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from argus.incident.models import Acknowledgement, Event, Incident
from argus.util.infinity import INFINITY
from tests.admin_pages import Admin, FormReader
from tests.factories import NOON, make_ack, make_event, make_incident, make_incidents, make_source, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CLOSED = NOON + timedelta(hours=1)
TICKET = "https://tickets.example.org/7"


@pytest.fixture
def boss() -> Admin:
    return Admin()


def staff(*codenames: str) -> Admin:
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return Admin(user)


def choose(admin, action: str, incidents, query: str = "", **fields):
    """Choose an action in the list; return the form that it shows."""
    data = {"action": action, "index": "0", "_selected_action": [one.pk for one in incidents], **fields}
    return admin.client.post(admin.url(Incident) + query, data)


def act(admin, action: str, incidents, query: str = "", **fields):
    """Choose an action in the list, and submit the form that it shows with these fields."""
    reader = FormReader()
    reader.feed(choose(admin, action, incidents, query).content.decode().split("content-main")[1])
    return admin.client.post(admin.url(Incident) + query, {**reader.data, **fields}, follow=True)


def events(incident, kind: str) -> list[tuple[str, str]]:
    return list(incident.events.filter(type=kind).values_list("actor__username", "description"))


@pytest.mark.both
def test_selected_incidents_are_acknowledged_with_comment_and_expiration(boss):
    one, other, third = make_incidents(3)

    response = act(
        boss,
        "acknowledge",
        [one, other],
        comment="Known problem",
        expiration_0="2999-01-01",
        expiration_1="12:00",
    )

    assert Admin.messages(response) == ["Acknowledged 2 incidents."]
    for incident in (one, other):
        assert events(incident, "ACK") == [(boss.user.username, "Known problem")]
        assert Acknowledgement.objects.get(event__incident=incident).expiration.year == 2999
    assert events(third, "ACK") == []
    assert LogEntry.objects.count() == 2


def test_selected_incidents_are_closed_and_reopened(boss):
    incidents = make_incidents(2)

    response = act(boss, "close", incidents, "?open=1", comment="Fixed")

    assert Admin.messages(response) == ["Closed 2 incidents."]
    assert response.redirect_chain[-1][0].endswith("?open=1")
    assert not Incident.objects.open().exists()
    assert events(incidents[0], "CLO") == [(boss.user.username, "Fixed")]

    act(boss, "reopen", incidents)

    assert Incident.objects.filter(end_time=INFINITY).count() == 2


def test_ticket_of_selected_incidents_is_set(boss):
    incidents = make_incidents(2, ticket_url="https://tickets.example.org/old")

    response = act(boss, "set_ticket", incidents, ticket_url=TICKET)

    assert Admin.messages(response) == ["Set the ticket URL of 2 incidents."]
    assert list(Incident.objects.values_list("ticket_url", flat=True)) == [TICKET] * 2


@pytest.mark.both
def test_refused_incidents_are_named_and_the_others_changed(boss):
    opened, closed, stateless = make_incident(), make_incident(end_time=CLOSED), make_incident(end_time=None)

    response = act(boss, "close", [opened, closed, stateless])

    done, refused = Admin.messages(response)
    assert done == "Closed 1 incident."
    assert refused.startswith("Refused 2: ")
    assert f'/{closed.pk}/change/">' in refused
    assert "The incident is already closed." in refused
    assert "The incident is stateless." in refused


def test_incident_that_changes_while_the_form_is_shown_is_named(boss):
    incident = make_incident()
    reader = FormReader()
    reader.feed(choose(boss, "close", [incident], "?open=1").content.decode().split("content-main")[1])
    make_event(incident, "CLO")

    response = boss.client.post(boss.url(Incident) + "?open=1", reader.data, follow=True)

    assert "already closed" in Admin.messages(response)[0]


@pytest.mark.parametrize(
    ("action", "fields", "complaint"),
    [
        ("acknowledge", {"expiration_0": "2020-01-01", "expiration_1": "12:00"}, "must be in the future"),
        ("acknowledge", {"expiration_0": "yesterday", "expiration_1": ""}, "Enter a valid date"),
        ("acknowledge", {"comment": "a\x00b"}, "Null characters"),
        ("set_ticket", {"ticket_url": "javascript:alert(1)"}, "not an absolute http or https URL"),
        ("set_ticket", {"ticket_url": ""}, "required"),
    ],
)
def test_invalid_form_is_shown_with_the_error_and_changes_nothing(boss, action, fields, complaint):
    incident = make_incident()

    response = act(boss, action, [incident], **fields)

    assert response.status_code == 200
    assert complaint in response.content.decode()
    assert incident.events.count() == 1
    assert not LogEntry.objects.exists()


def test_selection_without_a_submitted_form_changes_nothing(boss):
    incident = make_incident()

    response = choose(boss, "close", [incident])

    assert response.context["title"] == "Close: 1 incident"
    assert Incident.objects.open().exists()


def test_selection_of_too_many_incidents_is_refused(boss, monkeypatch):
    monkeypatch.setattr("argus.incident.admin.actions.MAX_OBJECTS", 2)
    incidents = make_incidents(3)

    response = choose(boss, "close", incidents)

    assert response.status_code == 302
    assert Incident.objects.open().count() == 3


def test_all_incidents_of_the_list_are_selected_across_its_pages(boss):
    incidents, closed = make_incidents(3), make_incident(end_time=CLOSED)

    response = choose(boss, "close", incidents[:1], "?open=1", select_across="1")

    assert response.context["incidents"] == incidents
    assert closed not in response.context["incidents"]


def test_deleted_incidents_are_counted(boss):
    kept, deleted = make_incidents(2)
    reader = FormReader()
    reader.feed(choose(boss, "close", [kept, deleted]).content.decode().split("content-main")[1])
    deleted.delete()

    response = boss.client.post(boss.url(Incident), reader.data, follow=True)

    assert Admin.messages(response) == ["Closed 1 incident.", "No longer there: 1."]


@pytest.mark.parametrize("keys", [["\x00"], ["abc"], ["9" * 20], ["-1"], ["4711"]])
def test_confirmation_of_invalid_keys_is_no_error(boss, keys):
    make_incident()

    response = boss.client.post(
        boss.url(Incident), {"action": "close", "confirmed": "1", "_selected_action": keys}, follow=True
    )

    assert response.status_code == 200
    assert Incident.objects.open().exists()


def test_actions_need_the_permission_to_change_incidents():
    incident = make_incident()
    watcher, operator = staff("view_incident"), staff("view_incident", "change_incident")

    choose(watcher, "close", [incident], confirmed="1")
    assert "Acknowledge" not in watcher.get(Incident, "change", incident.pk).content.decode()
    assert Incident.objects.open().exists()

    act(operator, "close", [incident])
    assert not Incident.objects.open().exists()


def test_source_that_is_staff_acts_on_its_own_incidents_only():
    source = make_source()
    source.user.is_staff = True
    source.user.save()
    source.user.user_permissions.set(Permission.objects.filter(codename="view_incident"))
    foreign = make_incident()

    choose(Admin(source.user), "close", [foreign], confirmed="1")

    assert Incident.objects.open().exists()


# The page of an incident


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({}, ["acknowledge", "close", "set_ticket"]),
        ({"end_time": CLOSED}, ["acknowledge", "reopen", "set_ticket"]),
        ({"end_time": None}, ["acknowledge", "set_ticket"]),
    ],
)
def test_page_offers_the_actions_that_fit_the_state(boss, values, offered):
    response = boss.get(Incident, "change", make_incident(**values).pk)

    assert [form.name for form in response.context["action_forms"]] == offered


def test_action_of_the_page_leads_back_to_it(boss):
    incident = make_incident()
    reader = FormReader()
    page = choose(boss, "close", [incident], from_page="1").content.decode()
    reader.feed(page.split("content-main")[1])

    response = boss.client.post(boss.url(Incident), reader.data)

    assert response["Location"] == boss.url(Incident, "change", incident.pk)
    assert events(incident, "CLO") == [(boss.user.username, "")]


def test_page_tells_what_happened(boss):
    incident = make_incident(description="Down <b>")
    make_event(incident, "OTH", actor=make_user("kari"), description="Called <the> carrier")
    make_ack(incident, actor=make_user("ola"), expiration=timezone.now() + timedelta(days=1))
    make_event(incident, "CLO", actor=make_user("aino"))

    page = boss.get(Incident, "change", incident.pk).content.decode().split("What happened")[1].split("</section>")[0]

    assert [page.index(name) for name in ("aino", "ola", "kari", incident.source.user.username)] == sorted(
        page.index(name) for name in ("aino", "ola", "kari", incident.source.user.username)
    )
    assert "Called &lt;the&gt; carrier" in page
    assert "until 20" in page


def test_page_takes_as_many_queries_with_many_events_and_shows_the_newest(boss, monkeypatch):
    monkeypatch.setattr("argus.incident.admin.timeline.MAX_EVENTS", 10)
    incident = make_incident(tags=["a=b"])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert boss.get(Incident, "change", incident.pk).status_code == 200
        return len(captured)

    make_ack(incident)
    few = queries()
    for _ in range(15):
        make_ack(incident)

    assert queries() == few
    response = boss.get(Incident, "change", incident.pk)
    assert len(response.context["entries"]) == 10
    assert "Older events are not shown." in response.content.decode()
    assert Event.objects.count() == 17
