"""``record_event``: what takes effect, what is only kept, what is refused."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from argus.auth.models import User
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident
from argus.incident.services import record_event
from argus.util.errors import DomainError, NotPermittedError
from argus.util.infinity import INFINITY
from tests.factories import NOON, make_event, make_incident, make_source, make_superuser, make_user

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=2)
BEFORE = NOON - timedelta(microseconds=1)


def end_time_of(incident: Incident):
    return Incident.objects.get(pk=incident.pk).end_time


def test_an_end_closes_at_its_timestamp():
    incident = make_incident()
    event = make_event(incident, "END", timestamp=LATER, description="Up again.")
    assert end_time_of(incident) == LATER
    assert (event.actor, event.timestamp, event.description) == (incident.source.user, LATER, "Up again.")


def test_an_end_in_the_future_leaves_it_open_until_then_and_a_user_may_close_it_now():
    incident, tomorrow = make_incident(), timezone.now() + timedelta(days=1)
    make_event(incident, "END", timestamp=tomorrow)
    assert Incident.objects.open().get().end_time == tomorrow
    make_event(incident, "CLO")
    assert end_time_of(incident) <= timezone.now()


def test_a_late_end_of_a_closed_incident_is_kept_without_effect():
    incident = make_incident()
    make_event(incident, "CLO", timestamp=LATER)
    make_event(incident, "END", timestamp=LATER + timedelta(hours=1))
    assert end_time_of(incident) == LATER
    assert incident.events.filter(type="END").exists()


def test_an_end_of_a_stateless_incident_is_kept_without_effect():
    incident = make_incident(end_time=None)
    make_event(incident, "END")
    assert end_time_of(incident) is None
    assert incident.events.filter(type="END").exists()


def test_an_incident_posted_as_ended_takes_its_end_without_effect():
    incident = make_incident(end_time=LATER)
    make_event(incident, "END", timestamp=LATER + timedelta(hours=1))
    assert end_time_of(incident) == LATER


@pytest.mark.parametrize("in_between", [[], ["REO"], ["REO", "CLO"], ["REO", "CLO", "REO"]])
def test_second_end_is_refused_after_any_event(in_between):
    incident = make_incident()
    make_event(incident, "END", timestamp=LATER)
    for event_type in in_between:
        make_event(incident, event_type)
    stands = end_time_of(incident)
    with pytest.raises(DomainError) as caught:
        make_event(incident, "END", timestamp=LATER)
    assert "type" in caught.value.messages
    assert end_time_of(incident) == stands
    assert incident.events.filter(type="END").count() == 1


def test_a_second_end_of_a_stateless_incident_is_refused_too():
    incident = make_incident(end_time=None)
    make_event(incident, "END")
    with pytest.raises(DomainError):
        make_event(incident, "END")


def test_incident_can_be_closed_and_reopened_repeatedly():
    incident = make_incident()
    for hours in range(1, 4):
        closed = NOON + timedelta(hours=hours)
        make_event(incident, "CLO", timestamp=closed)
        assert end_time_of(incident) == closed
        make_event(incident, "REO")
        assert end_time_of(incident) == INFINITY


def test_a_user_reopens_what_a_source_has_ended():
    incident = make_incident()
    make_event(incident, "END", timestamp=LATER)
    make_event(incident, "REO")
    assert end_time_of(incident) == INFINITY


@pytest.mark.parametrize("event_type", ["CLO", "REO"])
def test_users_close_and_reopen_no_incident_before_its_start(event_type):
    incident = make_incident(end_time=LATER if event_type == "REO" else INFINITY)
    with pytest.raises(DomainError) as caught:
        make_event(incident, event_type, timestamp=BEFORE)
    assert caught.value.field == "timestamp"
    assert incident.events.count() == 1
    make_event(incident, event_type, timestamp=NOON)


@pytest.mark.parametrize("timestamp", [BEFORE, NOON - timedelta(days=9), NOON])
def test_an_end_before_the_start_ends_the_incident_at_its_start(timestamp):
    incident = make_incident()
    event = make_event(incident, "END", timestamp=timestamp)
    assert end_time_of(incident) == NOON
    assert incident.events.get(type="END").timestamp == event.timestamp == timestamp
    assert list(Incident.objects.closed()) == [incident]


@pytest.mark.parametrize("end_time", [None, LATER])
def test_an_end_before_the_start_without_effect_is_kept(end_time):
    incident = make_incident(end_time=end_time)
    make_event(incident, "END", timestamp=BEFORE)
    assert end_time_of(incident) == end_time
    assert incident.events.get(type="END").timestamp == BEFORE


def test_an_end_of_an_incident_that_has_not_started_yet_takes_effect_at_its_start():
    tomorrow = timezone.now() + timedelta(days=1)
    incident = make_incident(start_time=tomorrow)
    make_event(incident, "END", timestamp=timezone.now())
    assert end_time_of(incident) == tomorrow


def test_other_events_may_be_older_than_the_incident():
    assert make_event(make_incident(), "OTH", timestamp=BEFORE).timestamp == BEFORE


@pytest.mark.parametrize("end_time", [None, LATER, INFINITY])
def test_a_note_changes_nothing(end_time):
    incident = make_incident(end_time=end_time)
    make_event(incident, "OTH", description="The investigation is still ongoing.")
    make_event(incident, "OTH", actor=incident.source.user, timestamp=LATER)
    assert end_time_of(incident) == end_time


def test_what_people_do_happens_now_unless_they_say_otherwise():
    incident, before = make_incident(), timezone.now()
    event = make_event(incident, "CLO")
    assert before <= event.timestamp <= event.received <= timezone.now()
    assert end_time_of(incident) == event.timestamp


def test_received_is_the_servers_own_clock():
    before = timezone.now()
    event = make_event(make_incident(), "OTH", timestamp=LATER)
    assert before <= event.received <= timezone.now()


@pytest.mark.parametrize("event_type", ["END", "OTH"])
def test_a_source_has_to_say_when(event_type):
    incident = make_incident()
    with pytest.raises(DomainError) as caught:
        make_event(incident, event_type, actor=incident.source.user, timestamp=None)
    assert caught.value.field == "timestamp"


def test_a_source_keeps_to_its_own_incidents():
    incident, stranger = make_incident(), make_source().user
    with pytest.raises(NotPermittedError):
        make_event(incident, "OTH", actor=stranger, timestamp=LATER)
    assert incident.events.count() == 1


def test_a_source_that_holds_the_permission_may_act_on_all():
    incident, engine = make_incident(), make_source().user
    engine.user_permissions.add(Permission.objects.get(codename="change_incident"))
    make_event(incident, "END", actor=User.objects.get(pk=engine.pk), timestamp=LATER)
    assert end_time_of(incident) == LATER


def test_a_superuser_without_a_source_is_an_end_user():
    incident, superuser = make_incident(), make_superuser()
    with pytest.raises(DomainError):
        record_event(incident, EventType.END, actor=superuser, timestamp=LATER)
    make_event(incident, "CLO", actor=superuser)


def test_a_stale_copy_of_an_incident_decides_nothing():
    incident = make_incident()
    stale = Incident.objects.get(pk=incident.pk)
    make_event(incident, "CLO")
    with pytest.raises(DomainError):
        make_event(stale, "CLO", actor=make_user())
