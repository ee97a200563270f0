"""The newest messages of one audience, ready to send. All sockets of a process read from here."""

import asyncio
from collections import deque

from . import protocol
from .protocol import Position


class RecentMessages:
    """Numbered messages; ``head`` is the number of the newest one.

    A socket has no queue, only the number of its last message. If the next one is no longer here, the client has to
    reload.
    """

    def __init__(self, max_messages: int, max_characters: int) -> None:
        self.max_messages, self.max_characters = max_messages, max_characters
        # Missed messages of a resumed client have numbers before the head: not more than these, and none is negative.
        self.head = max_messages
        self.messages: deque[tuple[str, str]] = deque()
        self.size = 0
        self.changed = asyncio.Event()

    def append(self, text: str, stream: str) -> None:
        """Add a message, and drop the oldest ones if there are too many."""
        self.head += 1
        text = protocol.add_position(text, Position(stream, self.head))
        self.messages.append((stream, text))
        self.size += len(text)
        while len(self.messages) > self.max_messages or (self.size > self.max_characters and len(self.messages) > 1):
            self.size -= len(self.messages.popleft()[1])
        self._notify()

    def clear(self) -> None:
        """Drop all messages, and skip a number so that every socket notices."""
        self.head += 1
        self.messages.clear()
        self.size = 0
        self._notify()

    def _notify(self) -> None:
        self.changed.set()
        self.changed.clear()

    def get(self, number: int) -> str | None:
        """Return the message with this number, or None if it was dropped."""
        index = number - (self.head - len(self.messages)) - 1
        return self.messages[index][1] if 0 <= index < len(self.messages) else None

    def find(self, stream: str) -> int | None:
        """Return the number of the message with this ``stream``, or None."""
        for number, (other, _) in enumerate(self.messages, self.head - len(self.messages) + 1):
            if other == stream:
                return number
        return None
