"""From the commit to the journal: a lasting thread that tells of changes, so that no request does or waits.

Whatever is in the way, nothing is forgotten: what could not be told is told later, with what is true then; if it gets
too much to remember, everybody who follows is told to reload.
"""

import atexit
import logging
import os
import threading
from collections import deque
from time import monotonic

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from argus.util.backoff import pause_after

from . import counts
from .journal import JournalUnreachable
from .rendering import Change, render
from .setup import current_journal

log = logging.getLogger(__name__)

# Changes that wait to be told of. There is one line of a log for each of them elsewhere, so this is minutes of a storm.
MOST_PENDING = 10_000
AT_ONCE = 200
PAUSE = 1.0
# How long the end of a process may be delayed by what is still to be told.
LAST_WORDS = 3.0


class Publisher:
    """The changes that this process has to tell of. All methods may be called from any thread."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Begin without a thread and without changes, as after a fork."""
        self.changed = threading.Condition()
        self.pending: deque[Change] = deque()
        self.everything = False
        # How many changes there were so far, and up to which one all are told.
        self.announced = self.told = 0
        self.is_busy = self.is_failing = self.is_closing = False
        self.thread: threading.Thread | None = None

    def announce(self, incident: int, *, created: bool = False) -> None:
        """Take note of a change that is committed. Neither waits nor fails."""
        if not current_journal().has_readers:
            return
        with self.changed:
            if self.everything:
                return
            self.announced += 1
            self.pending.append(Change(incident, created))
            if len(self.pending) > MOST_PENDING:
                self.condense()
            if self.thread is None or not self.thread.is_alive():
                self.start()
            self.changed.notify_all()

    def start(self) -> None:
        self.is_closing = False
        self.thread = threading.Thread(target=self.run, name="publisher", daemon=True)
        self.thread.start()
        atexit.unregister(self.close)
        atexit.register(self.close)

    def condense(self) -> None:
        """Keep one change of each incident; if those are too many still, give up: everybody has to reload."""
        created = {change.incident for change in self.pending if change.created}
        kept = [Change(pk, pk in created) for pk in dict.fromkeys(change.incident for change in self.pending)]
        if len(kept) > MOST_PENDING // 2:
            counts.count(counts.LOST, len(kept))
            self.everything, kept = True, []
        self.pending = deque(kept)

    def run(self) -> None:
        """Tell of changes as they come, until closed."""
        try:
            while self.wait():
                began = monotonic()
                self.work()
                with self.changed:
                    self.changed.wait_for(lambda: self.is_closing, PAUSE if self.is_failing else pause_after(began))
        finally:
            connections.close_all()

    def wait(self) -> bool:
        """Wait for changes; tell whether there are any, or we are closed."""
        with self.changed:
            self.changed.wait_for(lambda: self.pending or self.everything or self.is_closing)
            self.is_busy = bool(self.pending or self.everything)
            return self.is_busy

    def work(self) -> None:
        """Tell of some changes, or keep them for later."""
        with self.changed:
            everything, self.everything = self.everything, False
            batch = [self.pending.popleft() for _ in range(min(AT_ONCE, len(self.pending)))]
        try:
            self.tell(batch, everything)
        except (JournalUnreachable, OperationalError, InterfaceError) as error:
            self.keep(batch, everything, error)
        except Exception:
            counts.count(counts.LOST, len(batch))
            log.exception("Clients cannot be told of incidents %s", [change.incident for change in batch])
        else:
            if self.is_failing:
                log.warning("Clients are told of changes again.")
            self.is_failing = False
        with self.changed:
            self.is_busy = False
            if not self.is_failing:
                self.told = self.announced - len(self.pending)
            self.changed.notify_all()

    def tell(self, batch: list[Change], everything: bool) -> None:
        """Write messages into the journal, again for those of which another process has told meanwhile.

        Nothing is read or written where nobody is to be told.
        """
        close_old_connections()
        journal = current_journal()
        if everything:
            journal.start_anew()
        while batch and (ticket := journal.take_ticket()):
            pushes = render(batch)
            stale = journal.append(pushes, ticket) if pushes else set()
            counts.count(counts.PUSHED, sum(push.incident not in stale for push in pushes))
            batch = [change for change in batch if change.incident in stale]

    def keep(self, batch: list[Change], everything: bool, error: Exception) -> None:
        """Put back what could not be told."""
        if not self.is_failing:
            log.error("Clients are told of changes when this is over: %s", str(error).strip())
        self.is_failing = True
        counts.count(counts.DELAYED, len(batch))
        with self.changed:
            self.everything |= everything
            self.pending.extendleft(reversed(batch))
            if len(self.pending) > MOST_PENDING:
                self.condense()

    def has_told(self, number: int) -> bool:
        """Whether that many changes were told, counted from the first; also if that is out of reach at the moment."""
        return self.told >= number or self.is_failing

    def flush(self, seconds: float = LAST_WORDS) -> bool:
        """Wait until everything is told, for some time at most; tell whether it is."""
        with self.changed:
            return self.changed.wait_for(lambda: not (self.pending or self.everything or self.is_busy), seconds)

    def close(self) -> None:
        """Tell what can be told within ``LAST_WORDS`` seconds, and end the thread."""
        if self.thread is None:
            return
        if not self.flush():
            log.error("Clients were not told of the last %s changes.", len(self.pending))
        with self.changed:
            self.is_closing = True
            self.pending.clear()
            self.everything = False
            self.changed.notify_all()
        self.thread.join(LAST_WORDS)


publisher = Publisher()
os.register_at_fork(after_in_child=publisher.reset)
