"""Events and acknowledgements in the admin: the services write them, and they cannot be changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.adminkit import search
from argus.incident.models import Acknowledgement, Event
from tests.admin_pages import Admin
from tests.factories import (
    NOON,
    make_ack,
    make_event,
    make_expired_ack,
    make_incident,
    make_incidents,
    make_source,
    make_superuser,
    make_user,
)

pytestmark = pytest.mark.once


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


def test_event_takes_effect(boss):
    incident = make_incident()

    boss.save(Event, incident=incident.pk, type="CLO", description="Fixed")

    incident.refresh_from_db()
    event = Event.objects.get(type="CLO")
    assert not incident.open
    assert (event.actor, event.description, event.timestamp) == (boss.user, "Fixed", incident.end_time)


def test_event_may_have_a_timestamp(boss):
    incident = make_incident()

    boss.save(Event, incident=incident.pk, type="OTH", timestamp_0="2024-05-15", timestamp_1="14:00:00")

    assert Event.objects.get(type="OTH").timestamp == NOON


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"type": "STA"}, "cannot be posted"),
        ({"type": "END"}, "An end user cannot post"),
        ({"type": "ACK"}, "acks/ address"),
        ({"type": "REO"}, "already open"),
        ({"type": "XXX"}, "valid choice"),
        ({"type": "CLO", "timestamp_0": "2001-01-01", "timestamp_1": "00:00"}, "before the incident started"),
        ({"type": "OTH", "timestamp_0": "0001-01-01", "timestamp_1": "00:00"}, "years 1 to 9999"),
        ({"type": "OTH", "incident": "99999999999999999999"}, "valid choice"),
        ({"type": "OTH", "incident": ""}, "required"),
    ],
)
def test_refused_event_is_shown_with_the_error(boss, fields, complaint):
    incident = make_incident()

    response = boss.send(Event, **{"incident": incident.pk, **fields})

    assert response.status_code == 200
    assert any(complaint in error for error in boss.errors(response)), boss.errors(response)
    assert Event.objects.count() == 1


def test_rules_of_sources_apply_to_their_accounts(db):
    source = make_source()
    source.user.is_staff = source.user.is_superuser = True
    source.user.save()

    response = Admin(source.user).send(
        Event, incident=make_incident(source).pk, type="CLO", timestamp_0="2024-05-16", timestamp_1="00:00"
    )

    assert "A source system cannot post" in Admin.errors(response)[0]


def test_event_can_be_neither_changed_nor_deleted(boss):
    event = make_event(make_incident())

    assert boss.client.post(boss.url(Event, "change", event.pk), {"description": "new"}).status_code == 403
    assert boss.delete(Event, event.pk).status_code == 403
    boss.delete_selected(Event, [event.pk])
    event.refresh_from_db()
    assert event.description == ""


@pytest.mark.both
def test_filters_by_type_source_and_source_type(boss):
    one, other = make_incident(make_source(type="nav")), make_incident(make_source(type="zabbix"))
    closed = make_event(one, "CLO")

    assert boss.rows(Event, type__exact="CLO") == [closed]
    assert {event.incident for event in boss.rows(Event, incident__source__id__exact=one.source_id)} == {one}
    assert {event.incident for event in boss.rows(Event, incident__source__type__name__exact="zabbix")} == {other}
    assert {event.incident for event in boss.rows(Event, incident__id__exact=one.pk)} == {one}


@pytest.mark.both
def test_source_is_searched_in_the_newest_events_of_a_type(boss, monkeypatch):
    one, other = make_incident(make_source(type="nav")), make_incident(make_source(type="zabbix"))
    closed, closed_later = make_event(one, "CLO"), make_event(other, "CLO")
    of_one, of_nav = {"incident__source__id__exact": one.source_id}, {"incident__source__type__name__exact": "nav"}

    assert boss.rows(Event, type__exact="CLO", **of_one) == [closed]
    assert boss.rows(Event, type__exact="STA", **of_nav) == [one.events.get(type="STA")]
    assert boss.rows(Event, incident__source__type__name__exact="zabbix", **of_one) == []
    monkeypatch.setattr(search, "MAX_SCANNED_ROWS", 1)
    assert boss.rows(Event, type__exact="CLO", **of_one) == []
    assert boss.rows(Event, type__exact="CLO", incident__source__id__exact=other.source_id) == [closed_later]
    assert len(boss.rows(Event, **of_one)) == 2


@pytest.mark.both
def test_search_finds_by_incident_actor_and_words(boss):
    event = make_event(make_incident(), actor=make_user("alice"), description="Cable pulled")
    make_event(make_incident(), description="Else")

    assert event in boss.rows(Event, q=str(event.incident_id))
    assert boss.rows(Event, q="cable pulled") == [event]
    assert boss.rows(Event, q="alice") == [event]
    assert boss.rows(Event, q="alice else") == []


@pytest.mark.both
def test_list_of_fifty_events_takes_as_many_queries_as_one_of_five(boss):
    def queries(model) -> int:
        with CaptureQueriesContext(connection) as captured:
            boss.rows(model)
        return len(captured)

    for incident in make_incidents(5):
        make_ack(incident)
    few = [queries(Event), queries(Acknowledgement)]
    for incident in [*make_incidents(20), *make_incidents(25)]:
        make_ack(incident)

    assert [queries(Event), queries(Acknowledgement)] == few


def test_acknowledgement_has_an_optional_expiration(boss):
    first, second = make_incidents(2)

    boss.save(Acknowledgement, incident=first.pk, description="Seen")
    boss.save(Acknowledgement, incident=second.pk, expiration_0="2999-01-01", expiration_1="00:00:00")

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.acked
    assert second.acked
    assert Event.objects.get(incident=first, type="ACK").actor == boss.user
    content = boss.get(Acknowledgement).content.decode()
    assert "no expiration" in content
    assert "2999" in content


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"expiration_0": "2001-01-01", "expiration_1": "00:00"}, "must be later"),
        ({"expiration_0": "2001-01-01"}, "Enter a valid time"),
        ({"incident": ""}, "required"),
        ({"incident": "zzz"}, "valid choice"),
        ({"incident": "99999999999999999999"}, "valid choice"),
    ],
)
def test_refused_acknowledgement_is_shown_with_the_error(boss, fields, complaint):
    response = boss.send(Acknowledgement, **{"incident": make_incident().pk, **fields})

    assert response.status_code == 200
    assert any(complaint in error for error in boss.errors(response)), boss.errors(response)
    assert not Acknowledgement.objects.exists()


def test_deleting_an_acknowledgement_deletes_its_event(boss):
    incident = make_incident()
    ack, expired = make_ack(incident), make_expired_ack(incident)

    assert boss.delete(Acknowledgement, ack.pk).status_code == 302

    incident.refresh_from_db()
    assert not incident.acked
    assert list(Event.objects.filter(type="ACK")) == [expired.event]


def test_selected_acknowledgements_are_deleted_with_their_events(boss):
    acks = [make_ack(incident, actor=make_superuser()) for incident in make_incidents(3)]

    boss.delete_selected(Acknowledgement, [ack.pk for ack in acks[:2]])

    assert list(Event.objects.filter(type="ACK")) == [acks[2].event]


@pytest.mark.both
def test_search_of_acknowledgements_finds_by_actor(boss):
    ack = make_ack(make_incident(), actor=make_user("alice"))
    make_ack(make_incident())

    assert boss.rows(Acknowledgement, q="alice") == [ack]
