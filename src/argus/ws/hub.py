"""One hub per process (per event loop): follows the journal, and looks after the sockets that are connected here."""

import asyncio
import logging
from contextlib import suppress
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.db import Error as DatabaseError

from argus.auth.credentials import holders_of

from . import counts
from .audiences import audience_of
from .first_list import read_first_list
from .journal import JournalUnreachable, MemoryJournal
from .publisher import publisher
from .setup import CALL, GROUP, current_journal
from .threads import DatabaseThreads, SharedReads
from .watcher import Watcher
from .window import Window

log = logging.getLogger(__name__)

# Seconds. The call comes at once; looking without one is for when it got lost.
LOOK_EVERY = 1.0
CHECK_EVERY = 10.0
SETTLE = 0.25
# How long a socket may not take what is sent to it.
STALLED_AFTER = 20.0

# Close codes.
UNAUTHORIZED, TRY_AGAIN, TOO_SLOW = 4401, 1012, 1013

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, "Hub"] = WeakKeyDictionary()


def hub_of_this_loop() -> "Hub":
    """Return the hub of the event loop that is running."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


def request_check() -> None:
    """Have all sockets of this process checked soon. From any thread."""
    for hub in list(_hubs.values()):
        hub.call(hub.check_is_due.set)


def note_own_event(event: int) -> None:
    """Tell the watchers of this process that an event is its own. From any thread."""
    for hub in list(_hubs.values()):
        hub.watcher.note(event)


def goes_on() -> bool:
    """Tell whether the task that asks has not been cancelled, even if some library has swallowed that."""
    return not asyncio.current_task().cancelling()


class Hub:
    """What the sockets of one process share."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop = loop
        self.sockets: set = set()
        self.windows: dict[str, Window] = {}
        self.lists: dict[str, SharedReads] = {}
        self.refreshing: dict[str, SharedReads] = {}
        self.threads = DatabaseThreads()
        self.watcher = Watcher()
        self.news = asyncio.Event()
        self.check_is_due = asyncio.Event()
        self.reading = asyncio.Lock()
        self.is_failing = False
        self.journal = current_journal()
        self.reader = self.journal.reader()
        self.is_alone = isinstance(self.journal, MemoryJournal)
        if self.is_alone:
            self.journal.listeners.add(self.hear)
        self.tasks = [loop.create_task(work()) for work in (self.listen, self.follow, self.look_after, self.guard)]
        self.beginning = loop.create_task(self.begin())

    async def begin(self) -> None:
        """Know what the past is, before anybody is told of the present."""
        if self.is_alone:
            with suppress(DatabaseError):
                await self.threads.run(self.watcher.begin)

    async def close(self) -> None:
        """End everything that was begun here."""
        if self.is_alone:
            self.journal.listeners.discard(self.hear)
        _hubs.pop(self.loop, None)
        for task in [*self.tasks, self.beginning]:
            task.cancel()
        await asyncio.gather(*self.tasks, self.beginning, return_exceptions=True)
        await self.reader.close()
        self.threads.close()

    def call(self, function, *arguments) -> None:
        """Call a function in the event loop, from any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody is connected any more
            self.loop.call_soon_threadsafe(function, *arguments)

    def hear(self) -> None:
        """Something is in the journal of this process: call, as Redis does for the other kind."""
        self.call(lambda: self.loop.create_task(get_channel_layer().group_send(GROUP, CALL)))

    async def listen(self) -> None:
        """Wait for calls by the channel layer. What has broken is put together again."""
        while goes_on():
            layer = get_channel_layer()
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while goes_on():
                    await layer.receive(channel)
                    self.news.set()
            except Exception as error:
                log.debug("The channel layer cannot be heard: %s", error)
                # Not in this task: the layer swallows the cancellation that ends it.
                await asyncio.wait([self.loop.create_task(self.reset(layer))])
                await asyncio.sleep(LOOK_EVERY)

    @staticmethod
    async def reset(layer) -> None:
        with suppress(Exception):
            await layer.flush()

    async def follow(self) -> None:
        """Read the journal whenever there is news, and now and then without being called; for somebody, that is."""
        while goes_on():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self.news.wait()
            self.news.clear()
            for window in list(self.windows.values()) if self.sockets else []:
                await self.catch_up(window)

    async def catch_up(self, window: Window) -> None:
        """Read the journal to its end. If it cannot be reached, the window stays as it is."""
        async with self.reading:
            try:
                while await self.read_portion(window):
                    # Sockets shall have had a look before the next portion pushes this one out.
                    await asyncio.sleep(0)
            except JournalUnreachable as error:
                if not self.is_failing:
                    log.error("The journal cannot be read: %s", error)
                self.is_failing = True
            else:
                if self.is_failing:
                    log.warning("The journal can be read again.")
                self.is_failing = False

    async def read_portion(self, window: Window) -> bool:
        """Read some messages; tell whether there are more."""
        portion = await self.reader.read(window.audience, window.stream, window.head)
        if portion.texts is None:
            window.start_anew(portion.stream, portion.head)
        elif portion.texts:
            window.extend(portion.texts)
        return window.head < portion.head

    async def join(self, socket) -> Window:
        """Let the socket follow its audience; return the window, which may have been read a moment ago only."""
        await asyncio.shield(self.beginning)
        self.sockets.add(socket)
        counts.CLIENTS.set(len(self.sockets))
        window = self.windows.get(socket.audience)
        if window is None:
            window = self.windows[socket.audience] = Window(socket.audience)
            self.refreshing[socket.audience] = SharedReads(lambda: self.catch_up(window))
        if not window.stream:
            await self.refresh(window)
        return window

    async def refresh(self, window: Window) -> None:
        """Read the journal to where it ends now, once for all who ask; nobody waits for one that is away."""
        if not self.is_failing:
            await self.refreshing[window.audience].get()

    async def settle(self, window: Window) -> None:
        """Wait a moment for what this process is about to tell: whoever begins to follow now knows it from the list."""
        number, deadline = publisher.announced, self.loop.time() + SETTLE
        while not publisher.has_told(number) and self.loop.time() < deadline:
            await asyncio.sleep(SETTLE / 50)
        await self.refresh(window)

    def leave(self, socket) -> None:
        self.sockets.discard(socket)
        counts.CLIENTS.set(len(self.sockets))

    async def first_list(self, user) -> str:
        """Return the newest open incidents that the user may see, as JSON; those who ask together share one."""
        audience = audience_of(user)
        if audience not in self.lists:
            self.lists[audience] = SharedReads(lambda: self.threads.run(read_first_list, audience))
        return await self.lists[audience].get()

    async def look_after(self) -> None:
        """Cut off who does not read, and look for what other processes did."""
        while goes_on():
            await asyncio.sleep(LOOK_EVERY)
            for socket in list(self.sockets):
                if socket.busy_since and self.loop.time() - socket.busy_since > STALLED_AFTER:
                    socket.cut_off()
            if self.is_alone:
                with suppress(DatabaseError):
                    await self.threads.run(self.watcher.look)

    async def guard(self) -> None:
        """Let go of those who are not entitled any more: regularly, and at once when this process knows."""
        while goes_on():
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_EVERY):
                    await self.check_is_due.wait()
            self.check_is_due.clear()
            with suppress(DatabaseError):
                await self.check()

    async def check(self) -> None:
        """Check all sockets by the same few queries. Who now belongs to another audience has to come back."""
        sockets = list(self.sockets)
        holders = await self.threads.run(holders_of, {socket.credential for socket in sockets})
        for socket in sockets:
            holder = holders.get(socket.credential)
            if holder is None:
                counts.count(counts.ENDED)
                socket.end(UNAUTHORIZED, "You are not logged in any more.")
            elif audience_of(holder) != socket.audience:
                socket.end(TRY_AGAIN, "Your rights have changed.")
