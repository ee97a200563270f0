"""One hub per process (per event loop): reads the change feed for all sockets that are connected to the process."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client import Counter

from argus.incident.changes import Cursor, CursorExpiredError, end_of_feed

from . import feed, protocol
from .database import DatabaseThread, SharedRead
from .feed import Entry
from .missed import Missed
from .protocol import Audience, Position
from .recent import RecentMessages
from .sockets import Socket, Sockets

log = logging.getLogger(__name__)

# The group of the channel layer that has one member for each hub, and its only message.
GROUP = "argus.live"
WAKE_UP = {"type": "live.news"}

# Seconds for which clients with the same position share what they have missed, and for how many positions at a time.
MISSED_LIFETIME = 5.0
MAX_SHARED_MISSED = 8

MESSAGES = Counter("argus_websocket_messages", "Messages about incidents, each counted once per web process.")
RELOADS = Counter("argus_websocket_reloads", "Websocket clients that missed messages and had to reload.")


@dataclass(frozen=True)
class Limits:
    """Times in seconds, sizes in messages and bytes. Tests use smaller ones."""

    # Wake-ups arrive at once. Polling replaces lost ones, and all of them in installations without Redis.
    poll_interval: float = 1.0
    # Between two readings of the feed. Changes gather meanwhile, and are read and rendered together.
    read_interval: float = 0.05
    credentials_check_interval: float = 10.0
    # How long a client may not accept what is sent to it.
    send_timeout: float = 20.0
    max_messages: int = 2_000
    max_size: int = 8 * 1024 * 1024


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, "Hub"] = WeakKeyDictionary()


def current_hub() -> "Hub":
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    return _hubs[loop] if loop in _hubs else Hub(loop)


def wake_hubs() -> None:
    """Have the hubs of this process read the change feed soon. Thread-safe."""
    for hub in list(_hubs.values()):
        hub.call_soon(hub.wake_up.set)


def check_credentials_soon() -> None:
    """Have the credentials of all sockets of this process checked soon. Thread-safe."""
    for hub in list(_hubs.values()):
        hub.call_soon(hub.sockets.check_requested.set)


def _is_running() -> bool:
    """Return False once the current task is cancelled, even if a library has swallowed the cancellation."""
    task = asyncio.current_task()
    return task is not None and not task.cancelling()


class FeedPosition(NamedTuple):
    """How far the feed has been read, and the number of the last message of each audience at that moment."""

    cursor: Cursor
    heads: dict[Audience, int]

    def seen_by(self, audience: Audience) -> Position:
        """Return the position as clients of the audience see it."""
        return Position(protocol.encrypt_cursor(self.cursor, audience), self.heads[audience])


class Hub:
    """What the sockets of a process share. Used in its event loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits | None = None) -> None:
        _hubs[loop] = self
        self.loop, self.limits = loop, limits or Limits()
        sizes = self.limits.max_messages, self.limits.max_size
        self.recent = {audience: RecentMessages(*sizes) for audience in Audience}
        # How far the feed has been read; None: begin at its present end.
        self.cursor: Cursor | None = None
        self.is_failing = False
        # Two threads, so that many connecting clients do not delay the messages of the others.
        self.feed_thread, self.client_thread = DatabaseThread("websocket-feed"), DatabaseThread("websocket-clients")
        self.feed_read = SharedRead(self._read_feed)
        self.list_reads = {
            audience: SharedRead(partial(self.client_thread.run, feed.read_first_list, audience))
            for audience in Audience
        }
        self.sockets = Sockets(
            self.client_thread,
            check_interval=self.limits.credentials_check_interval,
            send_timeout=self.limits.send_timeout,
        )
        self.missed_reads: dict[tuple[Audience, str], asyncio.Task[Missed]] = {}
        self.wake_up = asyncio.Event()
        jobs = [self._follow_feed, self.sockets.check_credentials, self.sockets.cut_off_stalled]
        if settings.ARGUS_REDIS_URL:
            jobs.append(self._listen)
        self.tasks = [loop.create_task(job()) for job in jobs]

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function in the event loop. Thread-safe."""
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(function)

    async def close(self) -> None:
        """End the tasks and threads."""
        _hubs.pop(self.loop, None)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.feed_thread.close()
        self.client_thread.close()

    def join(self, socket: Socket) -> None:
        """Add a socket."""
        if not self.sockets:
            # Nothing was read without sockets, and none of them waits for what happened meanwhile.
            self._forget_position()
        self.sockets.add(socket)

    def leave(self, socket: Socket) -> None:
        """Remove a socket."""
        self.sockets.remove(socket)

    async def refresh(self) -> FeedPosition:
        """Read the feed to its present end, and return the position. Callers share one reading.

        Raises ``DatabaseError``.
        """
        return await self.feed_read.get()

    async def read_first_list(self, audience: Audience) -> str:
        """Return the newest open incidents as JSON. Callers share one reading. Raises ``DatabaseError``."""
        return await self.list_reads[audience].get()

    async def read_missed(self, stream: str, audience: Audience) -> Missed:
        """Return what a client has missed. Clients with the same position share the result.

        Raises ``CursorExpiredError`` and ``DatabaseError``.
        """
        # Without a cursor, the next reading drops the recent messages.
        if self.cursor and (number := self.recent[audience].find(stream)) is not None:
            return self._missed([], number, audience)
        key = audience, stream
        if key not in self.missed_reads:
            self.missed_reads[key] = self.loop.create_task(self._read_missed(*key))
            self.loop.call_later(MISSED_LIFETIME, self.missed_reads.pop, key, None)
            if len(self.missed_reads) > MAX_SHARED_MISSED:
                del self.missed_reads[next(iter(self.missed_reads))]
        # A client that disconnects must not cancel the read of the others.
        return await asyncio.shield(self.missed_reads[key])

    async def _read_missed(self, audience: Audience, stream: str) -> Missed:
        try:
            cursor = protocol.decrypt_cursor(stream, audience)
            position = await self.refresh()
            entries = await self.client_thread.run(
                feed.read_missed, cursor, until=position.cursor, audience=audience, limit=self.limits.max_messages
            )
        except Exception:
            self.missed_reads.pop((audience, stream), None)
            raise
        return self._missed(entries, position.heads[audience], audience)

    def _missed(self, entries: list[Entry], head: int, audience: Audience) -> Missed:
        return Missed(entries, head, audience=audience, thread=self.client_thread, max_size=self.limits.max_size)

    async def _follow_feed(self) -> None:
        """Read the feed after each wake-up and each ``poll_interval``, while sockets are connected."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.poll_interval):
                    await self.wake_up.wait()
            self.wake_up.clear()
            if self.sockets:
                await self._follow_once()
                await asyncio.sleep(self.limits.read_interval)

    async def _follow_once(self) -> None:
        try:
            await self.refresh()
        except DatabaseError as error:
            if not self.is_failing:
                log.error("The change feed is unavailable, retrying: %s", str(error).strip())
            self.is_failing = True
            return
        except Exception:
            log.exception("Messages cannot be rendered, all clients of this process have to reload.")
            self._forget_position()
            return
        if self.is_failing:
            log.warning("The change feed is available again.")
        self.is_failing = False

    def _forget_position(self) -> None:
        """Begin at the end of the feed when it is read next."""
        self.cursor = None
        self.missed_reads.clear()

    async def _read_feed(self) -> FeedPosition:
        """Turn all changes since the last reading into messages."""
        try:
            cursor, has_more = self.cursor or await self._restart(), True
            while has_more:
                messages, cursor, has_more = await self.feed_thread.run(feed.read_messages, cursor)
                self._append(messages)
                self.cursor = cursor
        except CursorExpiredError as error:
            log.warning("The change feed cannot be continued, all clients have to reload: %s", error)
            cursor = await self._restart()
        return FeedPosition(cursor, {audience: recent.head for audience, recent in self.recent.items()})

    async def _restart(self) -> Cursor:
        """Begin at the present end of the feed. Sockets that have subscribed have to reload."""
        self.cursor = await self.feed_thread.run(end_of_feed)
        for recent in self.recent.values():
            recent.clear()
        return self.cursor

    def _append(self, messages: list[feed.Message]) -> None:
        MESSAGES.inc(len(messages))
        for text, streams in messages:
            for audience, stream in streams.items():
                self.recent[audience].append(text, stream)

    async def _listen(self) -> None:
        """Wait for wake-ups of the channel layer. Reconnects after errors."""
        while _is_running() and (layer := get_channel_layer()):
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while _is_running():
                    await layer.receive(channel)
                    self.wake_up.set()
            except Exception as error:
                log.debug("The channel layer is unavailable, retrying: %s", error)
                # In a task of its own: the layer swallows the cancellation of the task that it ends.
                await asyncio.wait([self.loop.create_task(self._reset(layer))])
                await asyncio.sleep(self.limits.poll_interval)

    @staticmethod
    async def _reset(layer: BaseChannelLayer) -> None:
        with suppress(Exception):
            await layer.flush()
