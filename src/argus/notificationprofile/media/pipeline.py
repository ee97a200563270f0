"""Send a batch of messages by one medium: open it, apply time-outs, and classify what goes wrong."""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from django.db import connections

from .base import Medium, Message, PermanentError, printable

log = logging.getLogger(__name__)


class SendTimeoutError(Exception):
    """A call of a medium did not return in time."""


class OpenError(Exception):
    """The medium could not be opened, so no message can be sent by it now."""


class Result(Enum):
    """What came of sending a message."""

    SENT = "sent"
    TEMPORARY = "temporary error"
    PERMANENT = "permanent error"


@dataclass(frozen=True)
class Outcome:
    """The result of one message, with the error as text. After a time-out the pipeline cannot be used any more."""

    result: Result
    error: str = ""
    timed_out: bool = False


class Pipeline:
    """An open medium. Each of its calls has the same time-out in seconds. Used as a context manager."""

    def __init__(self, medium: type[Medium], *, timeout: float) -> None:
        self.medium_class = medium
        self.thread = TimeoutThread(timeout)

    def __enter__(self) -> Self:
        """Open the medium. Raises ``OpenError``."""
        try:
            self.medium = self.thread.call(self._open)
        except Exception as error:
            self.thread.stop()
            raise OpenError(describe(error)) from error
        return self

    def _open(self) -> Medium:
        medium = self.medium_class()
        medium.open()
        return medium

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the medium. An error only leaves a line in the log: the messages are already recorded."""
        try:
            self.thread.call(self.medium.close)
        except Exception as close_error:
            log.warning("Medium %s could not be closed: %s", self.medium_class.label, describe(close_error))
        self.thread.stop()

    def send(self, message: Message) -> Outcome:
        """Send one message. Raises nothing, for any error of the medium."""
        try:
            returned = self.thread.call(partial(self.medium.send, message))
        except PermanentError as error:
            return Outcome(Result.PERMANENT, describe(error))
        except Exception as error:
            return Outcome(Result.TEMPORARY, describe(error), timed_out=isinstance(error, SendTimeoutError))
        if returned is not None:
            return Outcome(Result.PERMANENT, f"send() must return None, but it returned {returned!r:.100}")
        return Outcome(Result.SENT)


class TimeoutThread:
    """Run functions one after the other in one daemon thread, each with a time-out.

    A function that exceeds the time-out is abandoned with its thread, and the next function gets a new thread.
    ``concurrent.futures`` does not do this: at exit, Python waits for the threads of an executor, so that a medium that
    hangs would keep the worker from stopping.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.thread: _Thread | None = None

    def call(self, function: Callable[[], Any]) -> Any:
        """Run the function in the caller's context, and return its result or raise its exception.

        Raises ``SendTimeoutError`` after the time-out, and ``RuntimeError`` if the function tries to end the process.
        """
        if self.thread is None:
            self.thread = _Thread()
            self.thread.start()
        answer: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self.thread.calls.put((copy_context().run, function, answer))
        try:
            result, error = answer.get(timeout=self.timeout)
        except Empty:
            self.thread.calls.put(None)
            self.thread = None
            raise SendTimeoutError(f"The medium did not return within {self.timeout} seconds.") from None
        if isinstance(error, Exception):
            raise error
        if error is not None:
            raise RuntimeError(describe(error)) from error
        return result

    def stop(self) -> None:
        """End the thread, and wait for it up to the time-out."""
        if self.thread is not None:
            self.thread.calls.put(None)
            self.thread.join(self.timeout)
            self.thread = None


class _Thread(threading.Thread):
    """Run functions from a queue until it holds ``None``. Database connections are closed after each function."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.calls: SimpleQueue[tuple[Callable, Callable, SimpleQueue] | None] = SimpleQueue()

    def run(self) -> None:
        for run, function, answer in iter(self.calls.get, None):
            try:
                answer.put((run(function), None))
            except BaseException as error:
                answer.put((None, error))
            connections.close_all()


def describe(error: BaseException) -> str:
    """Return the error as printable text for the delivery log, even if its ``str`` raises an exception."""
    try:
        return printable(f"{type(error).__name__}: {error}")
    except Exception:
        return type(error).__name__
