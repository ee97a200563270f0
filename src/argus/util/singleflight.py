"""Asking something that may never answer, without waiting for ever and without asking twice at a time."""

import threading
from collections.abc import Callable
from time import monotonic


class NoAnswer(Exception):
    """It has not answered in time; perhaps it will."""


class SharedAnswer:
    """What a function returns, asked for in a thread of its own: one at a time, whoever and however many want to know.

    Askers wait ``patience`` seconds, counted from when the function was called, so that nobody waits for one that has
    hung long enough already. An answer is good for ``fresh`` seconds.
    """

    def __init__(self, function: Callable, *, patience: float, fresh: float):
        self.function = function
        self.patience = patience
        self.fresh = fresh
        self.lock = threading.Lock()
        self.call: _Call | None = None

    def __call__(self):
        """Return an answer that is fresh. Raises ``NoAnswer``, or what the function raises."""
        with self.lock:
            if self.call is None or self.call.is_stale(self.fresh):
                self.call = _Call(self.function)
                # A daemon: what hangs must not keep the process from ending.
                threading.Thread(target=self.call.run, daemon=True).start()
            call = self.call
        if not call.done.wait(max(0.0, call.begun + self.patience - monotonic())):
            raise NoAnswer
        if call.error is not None:
            raise call.error
        return call.answer


class _Call:
    def __init__(self, function: Callable):
        self.function = function
        self.begun = monotonic()
        self.ended: float | None = None
        self.done = threading.Event()
        self.answer = self.error = None

    def is_stale(self, fresh: float) -> bool:
        return self.ended is not None and monotonic() - self.ended > fresh

    def run(self) -> None:
        try:
            self.answer = self.function()
        except Exception as error:
            self.error = error
        self.ended = monotonic()
        self.done.set()
