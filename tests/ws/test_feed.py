"""Messages are rendered from the change feed with a constant number of queries."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.incident.changes import CursorExpiredError, end_of_feed
from argus.incident.lifecycle import EventType
from argus.incident.models import Change, Incident
from argus.ws import protocol
from argus.ws.feed import MAX_FIRST_LIST_SIZE, read_first_list, read_messages, read_missed, render_messages
from argus.ws.protocol import Audience
from tests.factories import make_ack, make_event, make_incident, make_incidents, make_source

# Changes of an open transaction are not read.
pytestmark = pytest.mark.django_db(transaction=True)


def count_queries(function, *arguments) -> int:
    with CaptureQueriesContext(connection) as queries:
        function(*arguments)
    return len(queries)


def incidents_of(messages) -> list[int]:
    return [json.loads(message.text + "}")["payload"]["pk"] for message in messages]


def test_first_list_takes_two_queries():
    make_incidents(1, tags=["host=sw-1"])
    assert count_queries(read_first_list, Audience.STAFF) == 2
    make_incidents(49, tags=["host=sw-2"])
    assert count_queries(read_first_list, Audience.STAFF) == 2


def test_first_list_is_limited_in_size():
    make_incidents(25, make_source(), description="x" * 100_000)

    incidents = read_first_list(Audience.STAFF)
    assert MAX_FIRST_LIST_SIZE - 200_000 < len(incidents) < MAX_FIRST_LIST_SIZE + 100
    assert incidents.count("source_incident_id") == 5


def test_reading_takes_at_most_four_queries():
    start = end_of_feed()
    make_incident(tags=["host=sw-1"])
    one = count_queries(read_messages, start)
    make_incidents(50, tags=["host=sw-1", "x=y"])

    assert count_queries(read_messages, start) == one <= 4


def test_every_change_has_a_message_with_the_present_state():
    start = end_of_feed()
    incident = make_incident()
    make_ack(incident)
    make_event(incident, EventType.CLOSE)

    messages, _, has_more = read_messages(start)

    assert not has_more
    texts = [json.loads(message.text + "}") for message in messages]
    assert [text["type"] for text in texts] == ["created", "modified", "modified"]
    assert len({json.dumps(text["payload"]) for text in texts}) == 1


def test_reading_continues_after_each_message():
    start = end_of_feed()
    incidents = [one.pk for one in make_incidents(3)]
    messages, _, _ = read_messages(start)

    for number, message in enumerate(messages, 1):
        cursor = protocol.decrypt_cursor(message.streams[Audience.EVERYONE], Audience.EVERYONE)
        assert incidents_of(read_messages(cursor)[0]) == incidents[number:]


def test_restricted_incident_has_a_message_for_staff_only():
    start = end_of_feed()
    make_incident(restricted=True)
    make_incident()

    messages, _, _ = read_messages(start)

    assert [set(message.streams) for message in messages] == [{Audience.STAFF}, {Audience.STAFF, Audience.EVERYONE}]


def test_event_without_effect_and_deleted_incident_have_no_message():
    deleted, kept = make_incidents(2)
    start = end_of_feed()
    make_event(kept, EventType.OTHER)
    make_ack(deleted)
    make_ack(kept)
    Incident.objects.filter(pk=deleted.pk).delete()

    assert incidents_of(read_messages(start)[0]) == [kept.pk]
    assert render_messages([], list(Audience)) == []


def test_missed_changes_are_those_between_two_cursors():
    start = end_of_feed()
    seen = make_incident()
    make_incident(restricted=True)
    make_event(seen, EventType.OTHER)
    until = end_of_feed()
    make_incident()

    missed = read_missed(start, until=until, audience=Audience.EVERYONE, limit=10)
    assert [entry.change.incident_id for entry in missed] == [seen.pk]
    assert len(read_missed(start, until=until, audience=Audience.STAFF, limit=10)) == 2
    assert read_missed(until, until=until, audience=Audience.STAFF, limit=10) == []


def test_missed_changes_are_limited_in_number():
    start = end_of_feed()
    make_incidents(3)
    until = end_of_feed()

    assert len(read_missed(start, until=until, audience=Audience.STAFF, limit=3)) == 3
    with pytest.raises(CursorExpiredError):
        read_missed(start, until=until, audience=Audience.STAFF, limit=2)


def test_missed_changes_in_the_middle_of_a_reading_are_read_once():
    start = end_of_feed()
    make_incidents(3)
    messages, _, _ = read_messages(start)
    cursor = protocol.decrypt_cursor(messages[0].streams[Audience.STAFF], Audience.STAFF)
    make_incident()

    missed = read_missed(cursor, until=end_of_feed(), audience=Audience.STAFF, limit=10)

    assert [entry.change.pk for entry in missed] == list(Change.objects.order_by("pk").values_list("pk", flat=True)[1:])
