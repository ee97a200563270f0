"""Changes in the feed, and the signal after the commit."""

from datetime import timedelta

import pytest
from django.db import connection

from argus.incident import changes
from argus.incident.models import Change, Event, Incident, Tag
from argus.incident.services import delete_acknowledgement, update_incident
from argus.incident.signals import incident_changed
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from tests.factories import INCIDENTS, NOON, incident_body, make_ack, make_event, make_incident, make_source, make_user


class BrokenError(Exception):
    """What a receiver raises."""


def break_down(**kwargs):
    raise BrokenError


@pytest.fixture
def broken_feed(monkeypatch):
    """Make it impossible to write to the change feed."""

    def start():
        monkeypatch.setattr(changes, "current_request_id", break_down)

    return start


@pytest.mark.django_db
def test_each_event_has_a_change():
    incident = make_incident()
    make_event(incident, "CLO")
    make_event(incident, "REO")
    make_event(incident, "OTH")
    make_ack(incident)
    make_event(incident, "END")
    make_event(incident, "OTH", quiet=True)
    rows = Change.objects.order_by("pk").values_list("event__type", "kind", "quiet", "routed", "incident")
    assert list(rows) == [
        ("STA", "created", False, False, incident.pk),
        ("CLO", "modified", False, False, incident.pk),
        ("REO", "modified", False, False, incident.pk),
        ("OTH", "event", False, False, incident.pk),
        ("ACK", "modified", False, False, incident.pk),
        ("END", "modified", False, False, incident.pk),
        ("OTH", "event", True, True, incident.pk),
    ]


@pytest.mark.django_db
def test_change_without_event_is_not_routed():
    incident = make_incident()
    update_incident(incident, actor=make_user(), ticket_url="https://a/")
    change = Change.objects.latest("pk")
    assert (change.kind, change.event, change.routed) == ("modified", None, True)


@pytest.mark.django_db
def test_changes_of_restricted_incidents_are_marked():
    make_incident()
    make_incident(restricted=True)
    assert list(Change.objects.order_by("pk").values_list("restricted", flat=True)) == [False, True]


@pytest.mark.django_db
def test_a_refused_event_has_no_change():
    incident = make_incident()
    with pytest.raises(DomainError):
        make_event(incident, "REO")
    assert Change.objects.count() == 1


@pytest.mark.django_db
def test_a_change_that_cannot_be_written_creates_no_incident(broken_feed):
    source = make_source()
    broken_feed()
    with pytest.raises(BrokenError):
        make_incident(source, tags=["a=b"])
    assert not Incident.objects.exists()
    assert not Event.objects.exists()
    assert not Tag.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("happening", [lambda incident: make_event(incident, "CLO"), make_ack], ids=["close", "ack"])
def test_a_change_that_cannot_be_written_changes_nothing(broken_feed, happening):
    incident = make_incident()
    broken_feed()
    with pytest.raises(BrokenError):
        happening(incident)
    stored = Incident.objects.get(pk=incident.pk)
    assert (stored.end_time, stored.acked_until, stored.events.count()) == (INFINITY, None, 1)


@pytest.mark.django_db(transaction=True)
def test_a_broken_receiver_of_changes_does_not_break_the_request(listen, as_source, caplog):
    heard = []
    listen(incident_changed, break_down)
    listen(incident_changed, lambda incident, created, **_: heard.append((incident.pk, created)))
    answer = as_source.post(INCIDENTS, incident_body())
    assert answer.status_code == 201
    assert heard == [(answer.json()["pk"], True)]
    assert Incident.objects.get().events.count() == 1
    assert "break_down" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_changes_are_announced_after_the_commit_with_tags_and_event_in_place(listen):
    seen = []

    def look(incident, created, **_):
        assert not connection.in_atomic_block
        stored = Incident.objects.get(pk=incident.pk)
        seen.append((created, stored.tags.count(), stored.events.count(), incident.end_time == stored.end_time))

    listen(incident_changed, look)
    incident = make_incident(tags=["a=b", "c=d"])
    make_event(incident, "CLO")
    assert seen == [(True, 2, 1, True), (False, 2, 2, True)]


@pytest.mark.django_db
def test_a_new_incident_is_announced_once(announced):
    [(incident, created)] = announced(make_incident, tags=["a=b"])
    assert created
    assert incident.source.name


@pytest.mark.django_db
@pytest.mark.parametrize("event_type", ["END", "CLO"])
def test_an_event_that_moves_the_incident_is_announced_once(announced, event_type):
    incident = make_incident()
    [(changed, created)] = announced(make_event, incident, event_type)
    assert not created
    assert changed.end_time == Incident.objects.get().end_time < INFINITY


@pytest.mark.django_db
def test_a_reopening_is_announced_once(announced):
    assert len(announced(make_event, make_incident(end_time=NOON), "REO")) == 1


@pytest.mark.django_db
def test_every_ack_is_announced_once(announced):
    incident = make_incident()
    assert [created for _, created in announced(make_ack, incident)] == [False]
    assert [changed.acked for changed, _ in announced(make_ack, incident)] == [True]


@pytest.mark.django_db
def test_an_ack_taken_back_is_announced_once(announced):
    ack = make_ack(make_incident())
    [(changed, _)] = announced(delete_acknowledgement, ack, actor=make_user())
    assert not changed.acked


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [{"ticket_url": "https://a/"}, {"details_url": "x"}, {"tags": []}, {"tags": [("a", "b"), ("c", "d")]}],
    ids=str,
)
def test_each_change_of_a_part_is_announced_once(announced, values):
    incident = make_incident(tags=["a=b"])
    assert len(announced(update_incident, incident, actor=incident.source.user, **values)) == 1


@pytest.mark.django_db
def test_a_change_of_everything_is_announced_once(announced):
    incident = make_incident(tags=["a=b"])
    values = {"ticket_url": "https://a/", "details_url": "x", "tags": [("c", "d")]}
    assert len(announced(update_incident, incident, actor=incident.source.user, **values)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{}, {"ticket_url": ""}, {"details_url": "x"}, {"tags": [("a", "b"), ("a", "b")]}], ids=str
)
def test_a_change_that_changes_nothing_is_not_announced(announced, values):
    incident = make_incident(details_url="x", tags=["a=b"])
    assert announced(update_incident, incident, actor=make_user(), **values) == []


@pytest.mark.django_db
def test_events_without_effect_are_not_announced(announced):
    closed = make_incident(end_time=NOON)
    assert announced(make_event, closed, "OTH") == []
    assert announced(make_event, closed, "END", timestamp=NOON + timedelta(hours=1)) == []
    assert announced(make_event, make_incident(end_time=None), "END") == []


@pytest.mark.django_db
def test_what_is_refused_is_not_announced(announced):
    incident = make_incident()

    def refused():
        with pytest.raises(DomainError):
            make_event(incident, "REO")
        with pytest.raises(DomainError):
            make_incident(incident.source, source_incident_id=incident.source_incident_id)
        with pytest.raises(DomainError):
            update_incident(incident, actor=make_user(), ticket_url="nonsense")

    assert announced(refused) == []
