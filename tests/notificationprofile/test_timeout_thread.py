"""Calls of what may hang, end the process or break; database and log included."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection, connections

from argus.notificationprofile.timeout_thread import Caller, Stuck
from argus.util.logs import current_request_id, on_behalf_of

ROOT = Path(__file__).parents[2]
PATIENCE = 20
GETS_STUCK = """
import threading
from django.conf import settings
settings.configure()
from argus.notificationprofile.timeout_thread import Caller, Stuck
with Caller(0.05) as caller:
    try:
        caller.call(threading.Event().wait)
    except Stuck:
        print("left behind")
"""


@pytest.fixture
def caller():
    with Caller(PATIENCE) as caller:
        yield caller


def hang(gate: threading.Event) -> threading.Thread:
    """Wait for the gate, and tell in which thread."""
    gate.wait(PATIENCE)
    return threading.current_thread()


def fail(error: BaseException) -> None:
    raise error


def test_call_gives_what_it_returns_or_raises(caller):
    assert caller.call(lambda: 42) == 42
    assert caller.call(lambda: None) is None
    with pytest.raises(LookupError, match="no such thing"):
        caller.call(lambda: fail(LookupError("no such thing")))


def test_calls_share_a_thread_which_ends_with_the_last_one():
    with Caller(PATIENCE) as caller:
        threads = {caller.call(threading.current_thread) for _ in range(3)}

    (thread,) = threads
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_call_that_takes_too_long_is_left_behind_with_its_thread():
    gate, began = threading.Event(), []
    with Caller(PATIENCE) as caller:
        caller.call(lambda: began.append(threading.current_thread()))
        caller.seconds = 0.05
        with pytest.raises(Stuck, match=r"did not come back within 0\.05 seconds"):
            caller.call(lambda: hang(gate))
        caller.seconds = PATIENCE

        # What the other one returns in the end is not taken for an answer to this.
        (stuck,) = began
        another = caller.call(lambda: (gate.set(), stuck.join(PATIENCE), threading.current_thread())[-1])

    assert another is not stuck
    assert not stuck.is_alive()


def test_process_does_not_wait_for_what_is_stuck():
    run = subprocess.run(
        [sys.executable, "-c", GETS_STUCK],
        cwd=ROOT,
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (run.stdout, run.stderr) == ("left behind\n", "")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(3), GeneratorExit(3)])
def test_call_that_would_end_the_process_is_a_failure_like_any_other(caller, error):
    with pytest.raises(RuntimeError, match=rf"{type(error).__name__}: 3"):
        caller.call(lambda: fail(error))

    assert caller.call(lambda: "and on") == "and on"


def test_each_call_belongs_to_the_request_of_its_caller(caller):
    with on_behalf_of("the-first"):
        assert caller.call(current_request_id) == "the-first"
    with on_behalf_of("the-second"):
        assert caller.call(current_request_id) == "the-second"
    assert caller.call(current_request_id) == ""


def ask_the_database():
    """Ask it something, and return the thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connections["default"]


@pytest.mark.usefixtures("parallel_db")
def test_database_connections_of_calls_are_closed_in_the_end():
    with Caller(PATIENCE) as caller:
        used = caller.call(ask_the_database)
        # One that was left in the middle of something, or was lost, is not the next one's trouble.
        caller.call(lambda: (connection.set_autocommit(False), ask_the_database()))
        assert caller.call(lambda: (connection.ensure_connection(), connection.get_autocommit())[-1])

    assert used.connection is None


@pytest.mark.usefixtures("parallel_db")
def test_database_connections_of_what_was_stuck_are_closed_as_soon_as_it_comes_back():
    gate, used = threading.Event(), []

    def ask_and_hang():
        used.extend([ask_the_database(), threading.current_thread()])
        gate.wait(PATIENCE)

    with Caller(PATIENCE) as caller:
        caller.call(lambda: None)
        caller.seconds = 0.05
        with pytest.raises(Stuck):
            caller.call(ask_and_hang)
    while len(used) < 2:
        gate.wait(0.01)
    wrapper, thread = used
    assert wrapper.connection is not None
    gate.set()
    thread.join(PATIENCE)

    assert wrapper.connection is None
