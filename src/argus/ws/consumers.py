"""A client's socket: who it is, what it says, and what it is sent."""

import asyncio
import logging
from contextlib import suppress

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.utils import await_many_dispatch
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.utils.crypto import get_random_string

from argus.auth.credentials import credentials_of, holders_of

from . import counts, messages
from .audiences import audience_of
from .hub import TOO_SLOW, TRY_AGAIN, UNAUTHORIZED, hub_of_this_loop
from .journal import JournalUnreachable
from .messages import BadRequest, Since
from .origins import is_welcome

log = logging.getLogger(__name__)

FOREIGN, NOWHERE, BROKEN = 4403, 4404, 1011
# How long a goodbye may take.
FAREWELL = 1.0


class NowhereConsumer(AsyncConsumer):
    """Refuses whoever asks for an address that there is not."""

    channel_layer_alias = "none"

    async def websocket_connect(self, message):
        await self.send({"type": "websocket.close", "code": NOWHERE})
        raise StopConsumer


class IncidentConsumer(AsyncConsumer):
    """The open incidents, and what becomes of all incidents, for somebody who is logged in.

    Sockets do not use the channel layer: the hub does, once for all. What is sent is not queued either; a task reads
    it from the hub's window as fast as the client takes it.
    """

    async def __call__(self, scope, receive, send):
        self.scope, self.base_send = scope, send
        self.hub = hub_of_this_loop()
        self.task, self.feeding, self.farewell = asyncio.current_task(), None, None
        self.busy_since = 0.0
        self.channel_name = f"specific.{get_random_string(32)}"
        try:
            await await_many_dispatch([receive], self.dispatch)
        except StopConsumer:
            pass
        except asyncio.CancelledError:
            if self.farewell is None:
                raise
        finally:
            self.hub.leave(self)
            self.stop_feeding()

    async def dispatch(self, message):
        """Hand a message to its method. Nothing of the database is open in this thread."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_connect(self, message):
        """Let in whoever shows a session or token that holds; refuse all others before the socket opens."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        if not is_welcome(headers.get("origin"), headers.get("host", "")):
            await self.refuse(FOREIGN)
        shown = credentials_of(parse_cookie(headers.get("cookie", "")), headers.get("authorization", ""))
        try:
            holders = await self.hub.threads.run(holders_of, shown)
        except DatabaseError:
            await self.refuse(TRY_AGAIN)
        self.credential = next((one for one in shown if one in holders), None)
        if self.credential is None:
            await self.refuse(UNAUTHORIZED)
        self.user = holders[self.credential]
        self.audience = audience_of(self.user)
        self.window = await self.hub.join(self)
        await self.send({"type": "websocket.accept"})

    async def refuse(self, code: int):
        """Close before the socket is open, which clients see as an answer 403."""
        counts.count(counts.REFUSED)
        await self.send({"type": "websocket.close", "code": code})
        raise StopConsumer

    async def websocket_disconnect(self, message):
        raise StopConsumer

    async def websocket_receive(self, message):
        """Do what the client says, or tell it why not."""
        try:
            request = messages.read_request(message.get("text"))
        except BadRequest as refusal:
            await self.say(messages.error(str(refusal)))
            return
        self.stop_feeding()
        self.knows_numbers = request.knows_numbers
        try:
            await (self.subscribe() if request.since is None else self.resume(request.since))
        except DatabaseError as error:
            log.warning("A client could not subscribe: %s", str(error).strip())
            self.end(TRY_AGAIN, "The database cannot be reached.")
            return
        self.feeding = asyncio.create_task(self.feed())

    async def subscribe(self) -> None:
        """Answer with the first list. What is pushed while it is read comes after it."""
        await self.hub.settle(self.window)
        self.follow_from_now()
        place = self.place
        await self.say(messages.subscribed(self.channel_name, await self.hub.first_list(self.user), place))

    async def resume(self, since: Since) -> None:
        """Go on after the last message that the client has got, or have it read its lists anew."""
        # Whoever comes from another process may be ahead of this one.
        await self.hub.settle(self.window)
        if since.stream != self.window.stream or since.sequence > self.window.head:
            await self.start_over()
            return
        self.place = since
        await self.say(messages.resumed(self.channel_name, since))

    def follow_from_now(self) -> None:
        self.place = Since(self.window.stream, self.window.head)

    async def start_over(self) -> None:
        """The client cannot get what it missed: tell it so, or let it connect anew if it would not understand."""
        if not self.knows_numbers:
            self.end(TRY_AGAIN, "Messages were lost.")
            return
        self.follow_from_now()
        await self.say(messages.reload(self.channel_name, self.place))

    async def feed(self) -> None:
        """Send what is in the window after our place, for as long as the socket is open."""
        try:
            while self.farewell is None:
                if self.place.stream != self.window.stream:
                    await self.start_over()
                elif self.place.sequence == self.window.head:
                    await self.window.news.wait()
                elif text := self.window.text(self.place.sequence + 1):
                    self.place = Since(self.place.stream, self.place.sequence + 1)
                    await self.say(text)
                else:
                    await self.feed_from_journal()
        except OSError:
            pass  # the client has gone
        except Exception:
            log.exception("A socket broke.")
            self.end(BROKEN)

    async def feed_from_journal(self) -> None:
        """Send some of what is too old for the window."""
        try:
            portion = await self.hub.reader.read(self.audience, *self.place)
        except JournalUnreachable:
            self.end(TRY_AGAIN, "What you missed cannot be read.")
            return
        if portion.texts is None:
            await self.start_over()
            return
        for text in portion.texts:
            self.place = Since(self.place.stream, self.place.sequence + 1)
            await self.say(messages.numbered(text, *self.place))

    async def say(self, text: str) -> None:
        """Send a text; the hub sees how long that takes."""
        self.busy_since = self.hub.loop.time()
        await self.base_send({"type": "websocket.send", "text": text})
        self.busy_since = 0.0

    def cut_off(self) -> None:
        """Let go of a client that does not read."""
        counts.count(counts.CUT_OFF)
        log.warning("A client of %s did not read and is cut off.", self.user)
        self.end(TOO_SLOW, "You did not read fast enough.")

    def stop_feeding(self) -> None:
        if self.feeding is not None:
            self.feeding.cancel()
            self.feeding = None

    def end(self, code: int, reason: str = "") -> None:
        """Say goodbye, if the client listens, and end."""
        self.hub.leave(self)
        if self.farewell is None:
            self.stop_feeding()
            self.farewell = asyncio.create_task(self.say_goodbye(code, reason))

    async def say_goodbye(self, code: int, reason: str) -> None:
        with suppress(Exception):
            async with asyncio.timeout(FAREWELL):
                await self.send({"type": "websocket.close", "code": code, "reason": reason})
        self.task.cancel()
