"""A database that does not answer is nobody's fault who asks: 503, and when to come back."""

import pytest
from django.db import connection, connections

from argus.incident.models import Incident
from tests.factories import INCIDENTS, incident_body, make_client, make_source


@pytest.fixture
def occupied(parallel_db):
    """Hold the incidents' table until called, by a connection of its own; our connection has no patience."""
    other = connections.create_connection("default")
    impatience, hold = {
        "sqlite": ("PRAGMA busy_timeout = 20", "BEGIN IMMEDIATE"),
        "postgresql": ("SET lock_timeout = 20", "BEGIN; LOCK TABLE argus_incident_incident"),
    }[connection.vendor]

    def occupy():
        with connection.cursor() as cursor:
            cursor.execute(impatience)
        with other.cursor() as cursor:
            cursor.execute(hold)
        return other.close

    yield occupy
    other.close()
    connection.close()


def test_an_occupied_database_is_503_and_changes_nothing(occupied):
    client, body = make_client(make_source().user), incident_body()
    release = occupied()
    answer = client.post(INCIDENTS, body)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert list(answer.json()) == ["detail"]
    release()
    assert not Incident.objects.exists()
    assert client.post(INCIDENTS, body).status_code == 201
