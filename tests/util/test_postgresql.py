"""Connections to PostgreSQL: planner settings, and the check of connections before they are used."""

import os
import resource

import psycopg2
import pytest
from django.db import connections

pytestmark = [
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="is about connections to PostgreSQL"),
    pytest.mark.django_db,
]


@pytest.fixture
def connection():
    """A connection of its own, opened."""
    connection = connections.create_connection("default")
    connection.connect()
    yield connection
    connection.close()


def end_from_outside(connection):
    """Have the server close it, as a restart would."""
    with psycopg2.connect(os.environ["DATABASE_URL"]) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


def test_idle_connection_is_usable(connection):
    assert connection.is_usable()


def test_connection_that_the_server_has_closed_is_not_usable(connection):
    end_from_outside(connection)
    assert not connection.is_usable()


def test_connection_that_broke_in_use_is_not_usable(connection):
    end_from_outside(connection)
    with pytest.raises(psycopg2.OperationalError), connection.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.connection.closed
    assert not connection.is_usable()


def test_connection_that_broke_in_use_is_replaced_for_the_next_request(connection):
    end_from_outside(connection)
    with pytest.raises(psycopg2.OperationalError), connection.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.errors_occurred = True
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_connection_check_works_above_1023_open_files():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2_000, limits[1]), limits[1]))
    try:
        files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
        late = connections.create_connection("default")
        late.connect()
        assert late.connection.fileno() > 1_023
        assert late.is_usable()
    finally:
        late.close()
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def settings_of(connection) -> dict[str, str]:
    """What the planner reckons with, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('jit', 'max_parallel_workers_per_gather',"
            " 'random_page_cost')"
        )
        return dict(cursor.fetchall())


def test_planner_settings_are_for_ssds(connection):
    assert settings_of(connection) == {"jit": "off", "max_parallel_workers_per_gather": "0", "random_page_cost": "1.1"}


def test_settings_of_server_database_or_role_are_kept(connection):
    options = {**connection.settings_dict["OPTIONS"], "options": "-c random_page_cost=2.5"}
    other = type(connection)({**connection.settings_dict, "OPTIONS": options}, connection.alias)
    other.connect()
    try:
        assert settings_of(other) == {"jit": "off", "max_parallel_workers_per_gather": "0", "random_page_cost": "2.5"}
    finally:
        other.close()
