"""The call that wakes the workers when they have something to do, given by a thread after the commit.

Not by the transaction itself: of those that notify, PostgreSQL commits one at a time in the whole cluster, disk and
all. One call does for all that a process has committed meanwhile. Workers look by themselves now and then, so whatever
becomes of a call, nobody waits for long.
"""

import atexit
import logging
import os
import threading

from django.db import connection, connections

log = logging.getLogger(__name__)

CHANNEL = "argus_outbox"
# Nor does a call wait for the disk.
CALL = f"SET synchronous_commit TO off; NOTIFY {CHANNEL}"
# Seconds: between two calls, and until a thread and its connection are given up when nobody wants a call.
GATHER, IDLE = 0.02, 10.0
LAST_WORDS = 1.0


class Waker:
    """The calls of this process. All methods may be called from any thread."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Begin without a thread, as after a fork."""
        self.changed = threading.Condition()
        self.is_wanted = self.is_closing = False
        self.thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have all workers look, soon. Does not wait. Where the database knows no calls, workers look more often."""
        if connection.vendor != "postgresql":
            return
        with self.changed:
            self.is_wanted = True
            if self.thread is None:
                self.start()
            self.changed.notify_all()

    def start(self) -> None:
        self.is_closing = False
        thread = threading.Thread(target=self.run, name="waker", daemon=True)
        thread.start()
        self.thread = thread
        atexit.unregister(self.close)
        atexit.register(self.close)

    def close(self) -> None:
        """Give the call that somebody still wants, and end the thread."""
        with self.changed:
            thread, self.is_closing = self.thread, True
            self.changed.notify_all()
        if thread:
            thread.join(LAST_WORDS)

    def run(self) -> None:
        """Call whenever it is wanted, until closed or until nobody has wanted it for long."""
        try:
            while self.wait():
                call()
                with self.changed:
                    self.changed.wait_for(lambda: self.is_closing, GATHER)
        finally:
            connections.close_all()

    def wait(self) -> bool:
        """Wait until a call is wanted; if none is, the thread has to end, and the next one who wants one starts it."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_wanted or self.is_closing, IDLE)
            wanted, self.is_wanted = self.is_wanted, False
            if not wanted:
                self.thread = None
            return wanted


def call() -> None:
    """Wake whoever listens, if that can be done. Whatever happens, there will be other calls."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(CALL)
    except Exception as error:
        log.warning("Workers could not be woken, they will look by themselves: %s", str(error).strip())
        connection.close()


waker = Waker()
os.register_at_fork(after_in_child=waker.reset)
