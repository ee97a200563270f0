"""Without Redis, what other processes did is found by the events that they wrote."""

import pytest

from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident
from argus.ws import watcher as watching
from argus.ws.publisher import publisher
from argus.ws.setup import current_journal
from argus.ws.watcher import Watcher
from tests.factories import make_ack, make_event, make_incident, make_incidents

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(memory_layer, monkeypatch) -> list[tuple[int, bool]]:
    """What the watcher has had announced."""
    announced = []
    monkeypatch.setattr(publisher, "announce", lambda pk, created=False: announced.append((pk, created)))
    return announced


def test_events_of_others_are_told_once_and_the_past_is_not(told):
    old = make_incident()
    watcher = Watcher()
    watcher.look()
    new = make_incident()
    make_ack(old)
    make_event(old, EventType.OTHER)
    watcher.look()
    watcher.look()

    assert told == [(new.pk, True), (old.pk, False)]


def test_own_events_are_not_told_again(told):
    watcher = Watcher()
    watcher.look()
    incident = make_incident()
    watcher.note(Event.objects.get(incident=incident).pk)
    watcher.look()

    assert told == []


def test_lower_number_that_appears_later_is_found(told):
    watcher = Watcher()
    watcher.look()
    incident = make_incident()
    (event,) = Event.objects.filter(incident=incident)
    Event.objects.filter(pk=event.pk).update(id=event.pk + 100)
    watcher.look()
    late = {"incident": incident, "actor": event.actor, "timestamp": event.timestamp}
    Event.objects.create(pk=event.pk, type=EventType.ACKNOWLEDGE, **late)
    watcher.look()

    assert told == [(incident.pk, True), (incident.pk, False)]


def test_what_is_remembered_is_bounded(told, monkeypatch):
    monkeypatch.setattr(watching, "PATIENCE", 0.0)
    watcher = Watcher()
    for _ in range(3):
        make_incidents(20)
        watcher.look()
        watcher.look()

    assert len(watcher.known) <= 20
    assert len(told) == 40
    assert Incident.objects.count() == 60


def test_looking_takes_one_query(told, django_assert_num_queries):
    watcher = Watcher()
    watcher.look()
    make_incidents(20)
    with django_assert_num_queries(1):
        watcher.look()

    assert len(told) == 20
    assert current_journal().has_readers is False
