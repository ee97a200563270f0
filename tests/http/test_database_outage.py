"""503 with Retry-After while the database is unavailable."""

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


def test_locked_database_is_503_and_changes_nothing(occupied):
    client, body = make_client(make_source().user), incident_body()
    release = occupied()
    answer = client.post(INCIDENTS, body)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert list(answer.json()) == ["detail"]
    release()
    assert not Incident.objects.exists()
    assert client.post(INCIDENTS, body).status_code == 201


@pytest.fixture
def read_only(parallel_db):
    """Make the database refuse to write: PostgreSQL as a standby does, SQLite as on a full or protected disk."""

    def refuse_writes():
        with connection.cursor() as cursor:
            cursor.execute(
                {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET default_transaction_read_only = on"}[
                    connection.vendor
                ]
            )

    yield refuse_writes
    connection.close()


def test_read_only_database_is_503(read_only):
    client = make_client(make_source().user)
    read_only()

    answer = client.post(INCIDENTS, incident_body())
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)
    assert client.get(INCIDENTS).status_code == 200


def writing_middleware(get_response):
    """A middleware that needs the database, as that of sessions may."""

    def write(request):
        Incident.objects.update(description="")
        return get_response(request)

    return write


def test_outage_in_a_middleware_is_503(read_only, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.writing_middleware"]
    client = make_client()
    client.raise_request_exception = False
    assert client.get("/").status_code == 200
    read_only()

    answer = client.get("/")
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)
