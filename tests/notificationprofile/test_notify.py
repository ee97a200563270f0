"""Workers are woken after a commit that gave them something to do, by few calls, never by the transaction itself."""

import logging
import threading

import pytest
from django.db import connection, transaction

from argus.notificationprofile import notify as module
from argus.notificationprofile.notify import CHANNEL, Waker, waker
from tests.factories import make_incident


class Listener:
    """A connection of its own that hears what workers hear."""

    def __init__(self, connection):
        self.connection = connection
        self.execute(f"LISTEN {CHANNEL}")

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def calls(self) -> int:
        """Count the calls that were given so far; after them comes one of our own."""
        self.execute(f"NOTIFY {CHANNEL}, 'so far'")
        heard = [one.payload for one in self.connection.notifies]
        self.connection.notifies.clear()
        return heard.index("so far")


@pytest.fixture
def listener(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("Elsewhere there are no calls.")
    own = connection.copy("listener")
    own.connect()
    yield Listener(own.connection)
    own.close()


def test_commit_of_an_event_is_followed_by_a_call(listener):
    make_incident()
    waker.close()

    assert listener.calls() >= 1


def test_transaction_itself_notifies_nobody(listener, monkeypatch):
    monkeypatch.setattr(Waker, "start", lambda self: None)

    make_incident()

    assert listener.calls() == 0


def test_what_was_rolled_back_wakes_nobody(listener):
    with transaction.atomic():
        make_incident()
        transaction.set_rollback(True)
    waker.close()

    assert listener.calls() == 0


def test_many_commits_are_told_of_by_few_calls(listener, monkeypatch):
    monkeypatch.setattr(module, "GATHER", 3600)
    one, first = Waker(), threading.Event()
    monkeypatch.setattr(module, "call", lambda call=module.call: (call(), first.set()))

    one.wake()
    assert first.wait(30)
    for _ in range(100):
        one.wake()
    one.close()

    assert listener.calls() == 2


def test_thread_that_nobody_needs_ends_and_another_begins(listener, monkeypatch):
    monkeypatch.setattr(module, "IDLE", 0.01)
    one = Waker()
    for _ in range(2):
        one.wake()
        for thread in [each for each in threading.enumerate() if each.name == "waker"]:
            thread.join(30)
        assert one.thread is None
        assert listener.calls() == 1


@pytest.mark.parametrize("call", ["SELECT pg_terminate_backend(pg_backend_pid())", object()])
def test_call_that_fails_is_said_and_the_next_one_is_given(listener, monkeypatch, caplog, call):
    one = Waker()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(module, "CALL", call)
        one.wake()
        while not caplog.records:
            assert one.thread.is_alive()
    assert "could not be woken" in caplog.text

    one.wake()
    one.close()

    assert listener.calls() == 1


def test_child_has_a_thread_of_its_own(listener):
    one = Waker()
    # What a fork leaves of a thread, and of a lock that was held just then.
    one.thread = threading.Thread()
    one.changed.acquire()
    one.reset()

    one.wake()
    one.close()

    assert listener.calls() == 1


def test_other_databases_know_no_calls(db):
    if connection.vendor == "postgresql":
        pytest.skip("This one does.")
    one = Waker()
    one.wake()
    assert one.thread is None
