"""Workers are woken after a commit, never by the transaction itself."""

import logging

import pytest
from django.db import connection, transaction

from argus.notificationprofile import notify as module
from argus.notificationprofile.notify import CHANNEL, wake_up, wake_workers
from tests.factories import make_incident


class Listener:
    """A connection that listens like a worker."""

    def __init__(self, connection):
        self.connection = connection
        self.execute(f"LISTEN {CHANNEL}")

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def calls(self) -> int:
        """Return the number of notifications so far."""
        self.execute(f"NOTIFY {CHANNEL}, 'so far'")
        heard = [one.payload for one in self.connection.notifies]
        self.connection.notifies.clear()
        return heard.index("so far")


@pytest.fixture
def listener(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL has NOTIFY.")
    own = connection.copy("listener")
    own.connect()
    yield Listener(own.connection)
    own.close()


def test_commit_of_an_event_is_followed_by_a_notification(listener):
    make_incident()
    wake_up.close()

    assert listener.calls() >= 1


def test_transaction_itself_does_not_notify(listener, monkeypatch):
    monkeypatch.setattr(wake_up, "request", lambda: None)

    make_incident()

    assert listener.calls() == 0


def test_rolled_back_event_does_not_notify(listener):
    with transaction.atomic():
        make_incident()
        transaction.set_rollback(True)
    wake_up.close()

    assert listener.calls() == 0


@pytest.mark.parametrize("statement", ["SELECT pg_terminate_backend(pg_backend_pid())", object()])
def test_failed_wake_up_is_logged_and_the_next_one_is_sent(listener, monkeypatch, caplog, statement):
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(module, "NOTIFY", statement)
        wake_workers()
        wake_up.close()
    assert "worker wake-up failed" in caplog.text

    wake_workers()
    wake_up.close()

    assert listener.calls() == 1


def test_other_databases_are_not_notified(db, monkeypatch):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL is notified.")
    monkeypatch.setattr(wake_up, "request", lambda: pytest.fail("requested"))
    wake_workers()
