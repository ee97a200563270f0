"""What the websocket asks of the database does not grow with what there is to tell."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.ws.audiences import STAFF
from argus.ws.first_list import MOST_BYTES, read_first_list
from argus.ws.rendering import Change, render
from tests.factories import make_incidents, make_source

pytestmark = pytest.mark.django_db


def queries_of(function, *arguments) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        function(*arguments)
    return len(queries)


def test_first_list_takes_two_queries_however_long_it_is():
    make_incidents(1, tags=["host=sw-1"])
    assert queries_of(read_first_list, STAFF) == 2
    make_incidents(49, tags=["host=sw-2"])
    assert queries_of(read_first_list, STAFF) == 2


def test_messages_take_two_queries_however_many_there_are():
    incidents = make_incidents(50, tags=["host=sw-1", "x=y"])
    changes = [Change(incident.pk, False) for incident in incidents]

    assert queries_of(render, changes[:1]) == 2
    assert queries_of(render, changes) == 2


def test_very_large_incidents_do_not_all_fit_into_the_first_list():
    make_incidents(25, make_source(), description="x" * 100_000)

    shown = read_first_list(STAFF)
    assert MOST_BYTES - 200_000 < len(shown) < MOST_BYTES + 100
    assert shown.count("source_incident_id") == 5


def test_deleted_incident_is_passed_over():
    (incident,) = make_incidents(1)
    assert [push.incident for push in render([Change(0, True), Change(incident.pk, False)])] == [incident.pk]
