"""The newest messages of one audience, ready to send. All sockets of a process read from here."""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from websockets.frames import Frame, Opcode

from . import protocol
from .protocol import Position

# Bytes; a single message may be larger.
MAX_BATCH_SIZE = 64 * 1024


class Batch(NamedTuple):
    """Some consecutive messages, and the same as websocket frames."""

    texts: list[bytes]
    frames: bytes


def build_batch(texts: Iterable[bytes]) -> Batch:
    """Return the first of these messages, as many as fit into ``MAX_BATCH_SIZE``; at least one."""
    batch: list[bytes] = []
    size = 0
    for text in texts:
        size += len(text)
        if batch and size > MAX_BATCH_SIZE:
            break
        batch.append(text)
    return Batch(batch, b"".join(Frame(Opcode.TEXT, text).serialize(mask=False) for text in batch))


class RecentMessages:
    """Numbered messages; ``head`` is the number of the newest one.

    A socket has no queue, only the number of its last message. If the next one is no longer here, the client has to
    reload.
    """

    def __init__(self, max_messages: int, max_size: int) -> None:
        self.max_messages, self.max_size = max_messages, max_size
        # Missed messages of a resumed client have numbers before the head: not more than these, and none is negative.
        self.head = max_messages
        self.messages: deque[tuple[str, bytes]] = deque()
        self.size = 0
        self.changed = asyncio.Event()
        # Most sockets need the same batch, after the same message.
        self.last_batch: tuple[int, Batch] | None = None

    def append(self, text: str, stream: str) -> None:
        """Add a message, and drop the oldest ones if there are too many."""
        self.head += 1
        data = protocol.add_position(text, Position(stream, self.head)).encode()
        self.messages.append((stream, data))
        self.size += len(data)
        while len(self.messages) > self.max_messages or (self.size > self.max_size and len(self.messages) > 1):
            self.size -= len(self.messages.popleft()[1])
        self._notify()

    def clear(self) -> None:
        """Drop all messages, and skip a number so that every socket notices."""
        self.head += 1
        self.messages.clear()
        self.size = 0
        self._notify()

    def _notify(self) -> None:
        self.last_batch = None
        self.changed.set()
        self.changed.clear()

    def after(self, number: int) -> Batch | None:
        """Return the messages after this number, up to ``MAX_BATCH_SIZE``, or None if the next one was dropped."""
        if self.last_batch is None or self.last_batch[0] != number:
            index = number - (self.head - len(self.messages))
            if not 0 <= index < len(self.messages):
                return None
            self.last_batch = number, build_batch(text for _, text in islice(self.messages, index, None))
        return self.last_batch[1]

    def find(self, stream: str) -> int | None:
        """Return the number of the message with this ``stream``, or None."""
        for number, (other, _) in enumerate(self.messages, self.head - len(self.messages) + 1):
            if other == stream:
                return number
        return None
