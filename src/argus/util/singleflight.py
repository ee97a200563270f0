"""Share one call of a slow function between many callers, and limit how long they wait."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class NoResultError(Exception):
    """The function has not returned in time. It may still be running."""


class SingleFlight(Generic[T]):
    """Run a function in a thread, one call at a time, and give all callers the same result.

    Callers wait up to ``timeout`` seconds after the call has begun, so a call that hangs makes later callers fail at
    once. A result, or an error, is reused for ``max_age`` seconds. Thread-safe.
    """

    def __init__(self, function: Callable[[], T], *, timeout: float, max_age: float) -> None:
        self.function, self.timeout, self.max_age = function, timeout, max_age
        self.lock = threading.Lock()
        self.future: Future[T] | None = None
        self.began = self.ended = 0.0

    def __call__(self) -> T:
        """Return a result. Raises ``NoResultError``, or what the function raises."""
        with self.lock:
            if self.future is None or (self.future.done() and monotonic() - self.ended > self.max_age):
                self.future, self.began = Future(), monotonic()
                # A daemon thread: a call that hangs must not keep the process from ending.
                threading.Thread(target=self._run, args=[self.future], daemon=True).start()
            future, remaining = self.future, self.began + self.timeout - monotonic()
        try:
            return future.result(timeout=max(0.0, remaining))
        except TimeoutError:
            if future.done():  # the function itself has raised it
                raise
            raise NoResultError from None

    def _run(self, future: "Future[T]") -> None:
        try:
            result = self.function()
        except Exception as error:
            self.ended = monotonic()
            future.set_exception(error)
        else:
            self.ended = monotonic()
            future.set_result(result)
