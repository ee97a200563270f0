"""A thread with time-outs: hanging calls, exceptions, database connections and request ids."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, connections

from argus.notificationprofile.media.base import Medium, PermanentError, PermanentFailure
from argus.notificationprofile.media.pipeline import (
    OpenError,
    Outcome,
    Pipeline,
    Result,
    SendTimeoutError,
    TimeoutThread,
)
from argus.util.logs import current_request_id, request_context

ROOT = Path(__file__).parents[2]
SEND_TIMEOUT = 20
HANGS = """
import threading
from django.conf import settings
settings.configure()
from argus.notificationprofile.media.pipeline import SendTimeoutError, TimeoutThread
thread = TimeoutThread(0.05)
try:
    thread.call(threading.Event().wait)
except SendTimeoutError:
    print("abandoned")
"""


@contextmanager
def running(timeout: float = SEND_TIMEOUT):
    thread = TimeoutThread(timeout)
    try:
        yield thread
    finally:
        thread.stop()


@pytest.fixture
def thread():
    with running() as thread:
        yield thread


def hang(gate: threading.Event) -> threading.Thread:
    """Wait for the gate, and return the thread."""
    gate.wait(SEND_TIMEOUT)
    return threading.current_thread()


def fail(error: BaseException) -> None:
    raise error


def test_call_returns_the_result_or_raises_the_exception(thread):
    assert thread.call(lambda: 42) == 42
    assert thread.call(lambda: None) is None
    with pytest.raises(LookupError, match="no such thing"):
        thread.call(lambda: fail(LookupError("no such thing")))


def test_calls_share_a_thread_until_it_is_stopped():
    with running() as caller:
        threads = {caller.call(threading.current_thread) for _ in range(3)}

    (thread,) = threads
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_call_that_times_out_is_abandoned_with_its_thread():
    gate, began = threading.Event(), []
    with running() as caller:
        caller.call(lambda: began.append(threading.current_thread()))
        caller.timeout = 0.05
        with pytest.raises(SendTimeoutError, match=r"did not return within 0\.05 seconds"):
            caller.call(lambda: hang(gate))
        caller.timeout = SEND_TIMEOUT

        # The late result of the first call is not the result of this one.
        (stuck,) = began
        another = caller.call(lambda: (gate.set(), stuck.join(SEND_TIMEOUT), threading.current_thread())[-1])

    assert another is not stuck
    assert not stuck.is_alive()


def test_process_ends_while_a_call_hangs():
    run = subprocess.run(
        [sys.executable, "-c", HANGS],
        cwd=ROOT,
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (run.stdout, run.stderr) == ("abandoned\n", "")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(3), GeneratorExit(3)])
def test_call_that_tries_to_end_the_process_raises_runtime_error(thread, error):
    with pytest.raises(RuntimeError, match=rf"{type(error).__name__}: 3"):
        thread.call(lambda: fail(error))

    assert thread.call(lambda: "and on") == "and on"


def test_calls_have_the_request_id_of_their_caller(thread):
    with request_context("the-first"):
        assert thread.call(current_request_id) == "the-first"
    with request_context("the-second"):
        assert thread.call(current_request_id) == "the-second"
    assert thread.call(current_request_id) == ""


def ask_the_database():
    """Execute a query, and return the thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connections["default"]


@pytest.mark.usefixtures("parallel_db")
def test_database_connections_are_closed_after_each_call():
    with running() as caller:
        used = caller.call(ask_the_database)
        # A call that leaves a transaction open does not affect the next call.
        caller.call(lambda: (connection.set_autocommit(False), ask_the_database()))
        assert caller.call(lambda: (connection.ensure_connection(), connection.get_autocommit())[-1])

    assert used.connection is None


@pytest.mark.usefixtures("parallel_db")
def test_database_connections_of_an_abandoned_call_are_closed_when_it_returns():
    gate, used = threading.Event(), []

    def ask_and_hang():
        used.extend([ask_the_database(), threading.current_thread()])
        gate.wait(SEND_TIMEOUT)

    with running() as caller:
        caller.call(lambda: None)
        caller.timeout = 0.05
        with pytest.raises(SendTimeoutError):
            caller.call(ask_and_hang)
    while len(used) < 2:
        gate.wait(0.01)
    wrapper, thread = used
    assert wrapper.connection is not None
    gate.set()
    thread.join(SEND_TIMEOUT)

    assert wrapper.connection is None


# The pipeline


class Recorder(Medium):
    """Record the calls, and raise the errors that the test sets."""

    trace: list[str] = []
    errors: dict[str, BaseException] = {}
    returned = None

    def note(self, call: str) -> None:
        self.trace.append(call)
        if call in self.errors:
            raise self.errors[call]

    def open(self) -> None:
        self.note("open")

    def send(self, message) -> object:
        self.note("send")
        return self.returned

    def close(self) -> None:
        self.note("close")


@pytest.fixture
def recorder(monkeypatch):
    for name, value in {"trace": [], "errors": {}, "returned": None}.items():
        monkeypatch.setattr(Recorder, name, value)
    return Recorder


def test_medium_is_opened_and_closed_once_for_several_messages(recorder):
    with Pipeline(recorder, timeout=SEND_TIMEOUT) as pipeline:
        outcomes = [pipeline.send(None) for _ in range(2)]

    assert outcomes == [Outcome(Result.SENT)] * 2
    assert recorder.trace == ["open", "send", "send", "close"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (PermanentError("no such user"), Outcome(Result.PERMANENT, "PermanentError: no such user")),
        (PermanentFailure("no such user"), Outcome(Result.PERMANENT, "PermanentError: no such user")),
        (OSError("busy"), Outcome(Result.TEMPORARY, "OSError: busy")),
        (SystemExit("enough"), Outcome(Result.TEMPORARY, "RuntimeError: SystemExit: enough")),
    ],
)
def test_errors_are_permanent_or_temporary(recorder, error, outcome):
    recorder.errors["send"] = error

    with Pipeline(recorder, timeout=SEND_TIMEOUT) as pipeline:
        assert pipeline.send(None) == outcome

    assert recorder.trace == ["open", "send", "close"]


def test_returned_value_is_a_permanent_error(recorder):
    recorder.returned = False

    with Pipeline(recorder, timeout=SEND_TIMEOUT) as pipeline:
        outcome = pipeline.send(None)

    assert outcome == Outcome(Result.PERMANENT, "send() must return None, but it returned False")


def test_medium_that_cannot_be_opened_is_not_used(recorder):
    recorder.errors["open"] = ConnectionRefusedError("closed")

    with pytest.raises(OpenError, match="ConnectionRefusedError: closed"), Pipeline(recorder, timeout=SEND_TIMEOUT):
        pass

    assert recorder.trace == ["open"]


def test_error_when_closing_is_logged(recorder, caplog):
    recorder.errors["close"] = OSError("gone")

    with Pipeline(recorder, timeout=SEND_TIMEOUT) as pipeline:
        assert pipeline.send(None).result is Result.SENT

    assert "could not be closed: OSError: gone" in caplog.text
