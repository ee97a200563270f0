"""The websocket connection of one client."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.utils.crypto import get_random_string

from argus.auth.credentials import is_allowed_origin, parse_credentials
from argus.auth.models import User
from argus.incident.changes import CursorExpiredError

from . import hub, protocol, sockets
from .missed import Missed
from .protocol import FRAMES, Audience, CloseCode, Position, RequestError
from .recent import Batch

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# Seconds.
CLOSE_TIMEOUT = 1.0


class RefusedError(Exception):
    """The connection is refused, before the handshake is complete unless there is a reason for the client to read."""

    def __init__(self, code: CloseCode, reason: str = "") -> None:
        self.code, self.reason = code, reason


class IncidentConsumer:
    """Sends the open incidents, and then the changes of all incidents, to a client.

    There is no queue of messages for each client. A task takes them from the hub's recent messages, as fast as the
    client accepts them.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self.send = scope, send
        self.hub = hub.current_hub()
        self.task = asyncio.current_task()
        self.sending: asyncio.Task[None] | None = None
        self.closing: asyncio.Task[None] | None = None
        self.channel_name = f"specific.{get_random_string(32)}"
        # When the message that is being sent was begun, in time of the event loop; 0: none.
        self.sending_since = 0.0
        self.handles_reload = False

    async def run(self, receive: Receive) -> None:
        """Serve the connection until it is closed by either side."""
        try:
            await self.connect()
            while (event := await receive())["type"] != "websocket.disconnect":
                if event["type"] == "websocket.receive":
                    await self.receive(event.get("text"))
        except RefusedError as refusal:
            sockets.REFUSED.inc()
            if refusal.reason:
                await self.send({"type": "websocket.accept"})
            await self.send({"type": "websocket.close", "code": refusal.code, "reason": refusal.reason})
        except asyncio.CancelledError:
            if self.closing is None:
                raise
        finally:
            self.hub.leave(self)
            self.stop_sending()

    async def connect(self) -> None:
        """Authenticate the client and complete the handshake. Raises ``RefusedError``."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        if not is_allowed_origin(headers.get("origin"), headers.get("host", "")):
            raise RefusedError(CloseCode.FOREIGN_ORIGIN)
        shown = parse_credentials(parse_cookie(headers.get("cookie", "")), headers.get("authorization", ""))
        # A client that keeps opening connections is refused without a query.
        if shown and (user := self.hub.sockets.user_of(shown[0])):
            self.check_number(user)
        try:
            users = await self.hub.sockets.find_users(shown)
        except DatabaseError:
            raise RefusedError(CloseCode.RECONNECT) from None
        credential = next((one for one in shown if one in users), None)
        if credential is None:
            raise RefusedError(CloseCode.UNAUTHORIZED)
        self.credential, self.user = credential, users[credential]
        self.check_number(self.user)
        self.audience = Audience.of(self.user)
        self.recent = self.hub.recent[self.audience]
        self.hub.join(self)
        await self.send({"type": "websocket.accept"})

    def check_number(self, user: User) -> None:
        """Raise ``RefusedError`` if the user has as many connections to this process as allowed."""
        if not self.hub.sockets.has_room_for(user):
            reason = f"Your account has {settings.ARGUS_MAX_WEBSOCKETS} connections, which is the limit."
            raise RefusedError(CloseCode.TOO_MANY, reason)

    async def receive(self, text: str | None) -> None:
        """Answer a request; None stands for a binary frame."""
        try:
            request = protocol.parse_request(text)
        except RequestError as error:
            await self.send_text(protocol.compose_error(str(error)))
            return
        self.stop_sending()
        self.handles_reload = request.handles_reload
        try:
            missed = await (self.resume(request.since) if request.since else self.subscribe())
        except DatabaseError as error:
            log.warning("A websocket client cannot subscribe, the database is unavailable: %s", str(error).strip())
            self.close(CloseCode.RECONNECT, "The database cannot be reached.")
            return
        self.sending = asyncio.create_task(self.send_messages(missed))

    async def subscribe(self) -> Missed | None:
        """Answer with the first list.

        The position is fixed before the list is read, so that no change is lost between them.
        """
        position = await self.follow_from_now()
        incidents = await self.hub.read_first_list(self.audience)
        await self.send_text(protocol.compose_subscribed(self.channel_name, incidents, position))
        return None

    async def resume(self, since: Position) -> Missed | None:
        """Continue after the last message that the client has received. Return what it has missed."""
        try:
            missed = await self.hub.read_missed(since.stream, self.audience)
        except CursorExpiredError:
            await self.start_over()
            return None
        self.number = missed.number
        await self.send_text(protocol.compose_resumed(self.channel_name, Position(since.stream, self.number)))
        return missed

    async def follow_from_now(self) -> Position:
        """Set the position to the present end of the feed, and return it."""
        position = (await self.hub.refresh()).seen_by(self.audience)
        self.number = position.sequence
        return position

    async def start_over(self) -> None:
        """Tell the client that it has missed messages. If it does not know ``reload``, have it reconnect."""
        hub.RELOADS.inc()
        await self.hub.sockets.wait_for_reload()
        if self.handles_reload:
            position = await self.follow_from_now()
            await self.send_text(protocol.compose_reload(self.channel_name, position))
        else:
            self.close(CloseCode.RECONNECT, "Messages were lost.")

    async def send_messages(self, missed: Missed | None) -> None:
        """Send what the client has missed, and then new messages until the connection is closed."""
        try:
            if missed:
                await self.send_missed(missed)
            while self.closing is None:
                if self.number == self.recent.head:
                    await self.recent.changed.wait()
                elif batch := self.recent.after(self.number):
                    self.number += len(batch.texts)
                    await self.send_batch(batch)
                else:
                    await self.start_over()
        except OSError:
            pass  # the client has disconnected
        except DatabaseError:
            self.close(CloseCode.RECONNECT, "The database cannot be reached.")
        except Exception:
            log.exception("A websocket connection failed.")
            self.close(CloseCode.INTERNAL_ERROR)

    async def send_missed(self, missed: Missed) -> None:
        """Send the messages that the client has missed."""
        try:
            async for batch in missed.batches():
                await self.send_batch(batch)
            self.number = missed.head
        except CursorExpiredError:
            await self.start_over()

    async def send_batch(self, batch: Batch) -> None:
        """Send messages, all at once if the server is able to."""
        if FRAMES in (self.scope.get("extensions") or {}):
            await self.send_in_time({"type": FRAMES, "frames": batch.frames})
        else:
            for text in batch.texts:
                await self.send_text(text.decode())

    async def send_text(self, text: str) -> None:
        """Send a text frame."""
        await self.send_in_time({"type": "websocket.send", "text": text})

    async def send_in_time(self, event: dict[str, Any]) -> None:
        """Pass an event to the server. If that takes too long, the connection is closed by ``Sockets``."""
        self.sending_since = self.hub.loop.time()
        await self.send(event)
        self.sending_since = 0.0

    def stop_sending(self) -> None:
        """End the task that sends messages."""
        if self.sending is not None:
            self.sending.cancel()
            self.sending = None

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close the connection soon, whether the client reads or not."""
        self.hub.leave(self)
        if self.closing is None:
            self.stop_sending()
            self.closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: CloseCode, reason: str) -> None:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.send({"type": "websocket.close", "code": code, "reason": reason})
        if self.task is not None:
            self.task.cancel()
