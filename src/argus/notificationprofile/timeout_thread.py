"""Calls of what may hang, end the process or break: whoever makes them waits no longer than a time, and goes on."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue

from django.db import connections

from .media.text import describe


class Stuck(Exception):
    """A call has not come back in time."""


class Caller:
    """Makes calls one after the other, for as long as it is entered, in one thread that is not the caller's.

    Each is given so many seconds. What takes longer cannot be stopped: it is left behind with its thread, for which the
    process does not wait, and the next call gets another one. Database connections are closed after each call.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.thread: CallThread | None = None

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *exception) -> None:
        if self.thread is not None:
            self.thread.calls.put(None)
            self.thread.join(self.seconds)
            self.thread = None

    def call(self, function: Callable):
        """Call a function in the context of the caller and return what it returns, or raise what it raises.

        Raises ``RuntimeError`` if it tries to end the process, and ``Stuck`` when it takes too long.
        """
        if self.thread is None:
            self.thread = CallThread()
            self.thread.start()
        outcome = SimpleQueue()
        self.thread.calls.put((copy_context(), function, outcome))
        try:
            result, error = outcome.get(timeout=self.seconds)
        except Empty:
            # It ends as soon as it can.
            self.thread.calls.put(None)
            self.thread = None
            raise Stuck(f"The medium did not come back within {self.seconds} seconds.") from None
        if error is not None and not isinstance(error, Exception):
            raise RuntimeError(describe(error)) from error
        if error is not None:
            raise error
        return result


class CallThread(threading.Thread):
    """Makes the calls that it is given, and tells what came of each, until it is given none."""

    def __init__(self):
        super().__init__(daemon=True)
        self.calls = SimpleQueue()

    def run(self) -> None:
        for context, function, outcome in iter(self.calls.get, None):
            try:
                outcome.put((context.run(function), None))
            except BaseException as error:
                outcome.put((None, error))
            connections.close_all()
