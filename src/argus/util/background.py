"""Run a function soon, in a background thread, so that no request waits for it."""

import atexit
import logging
import os
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

# Seconds.
IDLE_TIMEOUT = 10.0
CLOSE_TIMEOUT = 1.0


class BackgroundTask:
    """A function that a daemon thread runs after each request for it.

    Requests are coalesced: those that arrive during a run, or within ``interval`` seconds after it, lead to one more
    run. The thread starts with the first request and ends after ``IDLE_TIMEOUT``; ``cleanup`` is its last step.
    Errors are logged and end nothing. A forked child starts with a thread of its own. All methods are thread-safe.
    """

    def __init__(
        self, function: Callable[[], None], *, name: str, interval: float, cleanup: Callable[[], None] = lambda: None
    ) -> None:
        self.function, self.name, self.interval, self.cleanup = function, name, interval, cleanup
        self.is_failing = False
        self.reset()
        os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Forget the thread and all requests. A forked child has no thread but inherits the state of one."""
        self.changed = threading.Condition()
        self.is_requested = self.is_closing = False
        self.thread: threading.Thread | None = None

    def request(self) -> None:
        """Have the function run soon. Does not wait."""
        with self.changed:
            self.is_requested = True
            if self.thread is None:
                self._start()
            self.changed.notify_all()

    def close(self) -> None:
        """Run what is requested, and end the thread. Waits up to ``CLOSE_TIMEOUT``."""
        with self.changed:
            thread, self.is_closing = self.thread, True
            self.changed.notify_all()
        if thread:
            thread.join(CLOSE_TIMEOUT)

    def _start(self) -> None:
        self.is_closing = False
        thread = threading.Thread(target=self._loop, name=self.name, daemon=True)
        thread.start()
        self.thread = thread
        atexit.unregister(self.close)
        atexit.register(self.close)

    def _loop(self) -> None:
        try:
            while self._wait():
                self._run()
                with self.changed:
                    self.changed.wait_for(lambda: self.is_closing, self.interval)
        finally:
            self.cleanup()

    def _wait(self) -> bool:
        """Wait for a request. Without one the thread ends, and the next request starts another."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_requested or self.is_closing, IDLE_TIMEOUT)
            is_requested, self.is_requested = self.is_requested, False
            if not is_requested:
                self.thread = None
            return is_requested

    def _run(self) -> None:
        try:
            self.function()
        except Exception as error:
            if not self.is_failing:
                log.warning("Background task %s failed: %s", self.name, str(error).strip() or type(error).__name__)
            self.is_failing = True
        else:
            if self.is_failing:
                log.info("Background task %s succeeds again.", self.name)
            self.is_failing = False
