"""The messages that clients have missed while they were disconnected.

After a restart of a web process, all its clients have the same position. They share the queries and the messages.
"""

import asyncio
from collections.abc import AsyncIterator

from argus.incident.changes import CursorExpiredError

from . import feed, protocol
from .database import DatabaseThread
from .feed import Entry
from .protocol import Audience, Position
from .recent import Batch, build_batch

# How many changes are rendered at once.
RENDER_BATCH_SIZE = 50


class Missed:
    """Changes that some clients have missed. They are rendered once, when the first client is ready for them."""

    def __init__(
        self, entries: list[Entry], head: int, *, audience: Audience, thread: DatabaseThread, max_size: int
    ) -> None:
        self.entries, self.audience, self.thread, self.max_size = entries, audience, thread, max_size
        # Numbers of the message before the missed ones, and of the last one that they stand for.
        self.number, self.head = head - len(entries), head
        self.rendered: list[Batch] = []
        self.last_number = self.number
        self.lock = asyncio.Lock()

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield the messages. Those of deleted incidents are left out.

        Raises ``DatabaseError``, and ``CursorExpiredError`` if they exceed ``max_size`` bytes.
        """
        index = 0
        while index < len(self.rendered) or self.entries:
            async with self.lock:
                while index == len(self.rendered) and self.entries:
                    await self._render_next()
            for batch in self.rendered[index:]:
                index += 1
                yield batch

    async def _render_next(self) -> None:
        entries = self.entries[:RENDER_BATCH_SIZE]
        messages = await self.thread.run(feed.render_messages, entries, [self.audience])
        texts = [
            protocol.add_position(text, Position(streams[self.audience], number)).encode()
            for number, (text, streams) in enumerate(messages, self.last_number + 1)
        ]
        self.max_size -= sum(map(len, texts))
        if self.max_size < 0:
            raise CursorExpiredError("The messages that were missed are too large.")
        self.entries = self.entries[RENDER_BATCH_SIZE:]
        self.last_number += len(texts)
        while texts:
            self.rendered.append(build_batch(texts))
            del texts[: len(self.rendered[-1].texts)]
