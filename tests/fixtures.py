"""Fixtures for all tests: clients of each kind of user, a function that creates incidents, a database for threads."""

import sqlite3
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections

from argus.notificationprofile.notify import wake_up
from tests.factories import INCIDENTS, Client, incident_body, make_client, make_source, make_superuser, make_user


def said_by(command: str, *arguments: str) -> str:
    """Return what a management command prints."""
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def as_user(db) -> Client:
    """A client of an end user."""
    return make_client(make_user("operator"))


@pytest.fixture
def as_superuser(db) -> Client:
    """A client of a superuser, who has no source."""
    return make_client(make_superuser("superuser"))


@pytest.fixture
def as_source(db) -> Client:
    """A client of a source system, ``as_source.source``."""
    return make_client(make_source("nav.example.org", base_url="https://nav.example.org").user)


@pytest.fixture
def as_other_source(db) -> Client:
    """A client of a source system that is not the one of ``as_source``."""
    return make_client(make_source("zabbix.example.org", type="zabbix").user)


@pytest.fixture
def as_stranger(db) -> Client:
    """A client without credentials."""
    return make_client()


@pytest.fixture
def as_browser(as_superuser) -> Client:
    """A superuser's browser: it has a session instead of a token, and requests HTML."""
    client = make_client()
    client.user = as_superuser.user
    client.force_login(client.user)
    client.credentials(HTTP_ACCEPT="text/html")
    return client


@pytest.fixture
def post_incident(as_source):
    """Create an incident over REST, as the source, with changes to ``incident_body``; return the response's body."""

    def post(client: Client | None = None, **overrides) -> dict:
        response = (client or as_source).post(INCIDENTS, incident_body(**overrides))
        assert response.status_code == 201, response.content
        return response.json()

    return post


@pytest.fixture
def parallel_db(transactional_db, tmp_path):
    """A database that several threads can use (see ``tests.parallel``): PostgreSQL, or SQLite in a file.

    Other tests use SQLite in memory, which threads cannot share. Name this fixture before those of clients.
    """
    if connection.vendor != "sqlite":
        yield
        return
    in_memory, settings = connections["default"], connections.settings["default"]
    file = tmp_path / "parallel.sqlite3"
    with sqlite3.connect(file) as copy:
        in_memory.connection.backup(copy)
    copy.close()
    connections.settings["default"] = {**settings, "NAME": str(file)}
    connections["default"] = connections.create_connection("default")
    yield
    connections["default"].close()
    connections.settings["default"] = settings
    connections["default"] = in_memory


@pytest.fixture(autouse=True)
def closed_wake_up():
    """Close the connection that wakes workers after each test."""
    yield
    wake_up.close()
