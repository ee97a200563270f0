"""The journal: what was pushed lately, numbered for each audience, so that whoever was away can catch up.

This one is in memory, for one web process. ``redis_journal`` has the one that processes share.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .audiences import AUDIENCES, EVERYONE

# How far back one can catch up: so many messages of an audience, of so many bytes together.
MOST_ENTRIES = 2_000
MOST_BYTES = 8 * 1024 * 1024
# What is read at once: so many messages at most, and no more than one of them when they are so long together.
PORTION, PORTION_BYTES = 100, 256 * 1024


class JournalUnreachable(Exception):
    """Nothing can be written or read at the moment."""


class Push(NamedTuple):
    """A message about an incident: JSON but for its end, where stream and number go (see ``messages``)."""

    incident: int
    is_for_staff_only: bool
    text: str


class Ticket(NamedTuple):
    """Taken before rows are read: of two messages about an incident, the one with the later ticket knows more."""

    epoch: str
    number: int


class Portion(NamedTuple):
    """Messages of one audience, those after a number. ``texts`` is None if they are not there any more."""

    stream: str
    head: int
    texts: list[str] | None


@dataclass
class Log:
    """The messages of one audience; the last one's number is ``head``."""

    head: int = 0
    texts: deque[str] = field(default_factory=deque)
    size: int = 0

    def append(self, text: str) -> None:
        """Add a message, and forget the oldest ones if they are too many."""
        self.texts.append(text)
        self.head += 1
        self.size += len(text)
        while len(self.texts) > MOST_ENTRIES or self.size > MOST_BYTES:
            self.size -= len(self.texts.popleft())

    def after(self, number: int) -> list[str] | None:
        """Return some messages after this one; None if the next one is forgotten, or there was no such number."""
        first = self.head - len(self.texts)
        if not first <= number <= self.head:
            return None
        texts, size = [], 0
        for index in range(number - first, min(number - first + PORTION, len(self.texts))):
            size += len(self.texts[index])
            if texts and size > PORTION_BYTES:
                break
            texts.append(self.texts[index])
        return texts


class MemoryJournal:
    """A journal for the process it is in. It is written from the publisher's thread and read from the server's loop."""

    def __init__(self):
        self.lock = threading.Lock()
        # What to call when there is something new, from whatever thread.
        self.listeners: set[Callable[[], None]] = set()
        self.start_anew()

    @property
    def has_readers(self) -> bool:
        """Whether anybody has ever followed."""
        return bool(self.listeners)

    def start_anew(self) -> None:
        """Forget everything, so that all who follow have to reload."""
        with self.lock:
            self.epoch = secrets.token_hex(8)
            self.logs = {audience: Log() for audience in AUDIENCES}
        self.tell()

    def take_ticket(self) -> Ticket:
        """Nobody else writes here, so there is nothing to be compared."""
        return Ticket(self.epoch, 0)

    def append(self, pushes: Iterable[Push], ticket: Ticket) -> set[int]:
        """Write down messages in their order. Returns the incidents that must be read again: none."""
        with self.lock:
            for push in pushes:
                for audience in AUDIENCES:
                    if not (push.is_for_staff_only and audience == EVERYONE):
                        self.logs[audience].append(push.text)
        self.tell()
        return set()

    def tell(self) -> None:
        for listener in list(self.listeners):
            listener()

    async def read(self, audience: str, stream: str, after: int) -> Portion:
        """Return some messages of the audience after a number in a stream; of another stream there are none."""
        with self.lock:
            log, current = self.logs[audience], f"{self.epoch}.{audience}"
            return Portion(current, log.head, log.after(after) if stream == current else None)

    def reader(self) -> "MemoryJournal":
        """Return what has ``read`` and ``close``."""
        return self

    async def close(self) -> None:
        """Nothing is open that would have to be closed."""
