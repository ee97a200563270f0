"""The sockets of a process: how many each user may have, and which ones are closed by Argus."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client import Counter, Gauge

from argus.auth.credentials import Credential, find_users
from argus.auth.models import User

from .database import DatabaseThread, SharedRead
from .protocol import Audience, CloseCode

log = logging.getLogger(__name__)

# Seconds.
STALLED_CHECK_INTERVAL = 1.0
# Between the reloads of two clients, and for those of all clients. Each client reads its lists then.
RELOAD_INTERVAL = 0.1
MAX_RELOAD_TIME = 30.0

CLIENTS = Gauge("argus_websocket_clients", "Connected websockets.", multiprocess_mode="livesum")
CLOSED = Counter("argus_websockets_closed", "Websockets closed by Argus.", ["reason"])
REFUSED, ENDED, CUT_OFF = (CLOSED.labels(reason) for reason in ("refused", "ended", "cut_off"))


class Socket(Protocol):
    """What is used of a connection."""

    user: User
    credential: Credential
    audience: Audience
    sending_since: float

    def close(self, code: CloseCode, reason: str = "") -> None: ...


class Sockets:
    """The connected sockets of a process. Used in its event loop only. Times are in seconds."""

    def __init__(self, thread: DatabaseThread, *, check_interval: float, send_timeout: float) -> None:
        self.thread, self.check_interval, self.send_timeout = thread, check_interval, send_timeout
        self.sockets: set[Socket] = set()
        self.check_requested = asyncio.Event()
        self.lookup = SharedRead(self._look_up)
        self.to_look_up: set[Credential] = set()
        # When the next client may reload, in time of the event loop.
        self.next_reload = 0.0

    def __len__(self) -> int:
        return len(self.sockets)

    def __iter__(self) -> Iterator[Socket]:
        """Iterate over the present sockets."""
        return iter(list(self.sockets))

    def add(self, socket: Socket) -> None:
        """Add a socket."""
        self.sockets.add(socket)
        CLIENTS.set(len(self.sockets))

    def remove(self, socket: Socket) -> None:
        """Remove a socket, if it is there."""
        self.sockets.discard(socket)
        CLIENTS.set(len(self.sockets))

    async def find_users(self, credentials: list[Credential]) -> dict[Credential, User]:
        """Return the users of valid credentials. Handshakes that wait for this share the queries."""
        self.to_look_up.update(credentials)
        return await self.lookup.get()

    async def _look_up(self) -> dict[Credential, User]:
        credentials, self.to_look_up = self.to_look_up, set()
        return await self.thread.run(find_users, credentials)

    def user_of(self, credential: Credential) -> User | None:
        """Return the user of a socket with this credential."""
        return next((socket.user for socket in self.sockets if socket.credential == credential), None)

    def has_room_for(self, user: User) -> bool:
        """Return whether the user may have another socket."""
        maximum = settings.ARGUS_MAX_WEBSOCKETS
        return not maximum or sum(socket.user.pk == user.pk for socket in self.sockets) < maximum

    async def wait_for_reload(self) -> None:
        """Wait until the next client may reload. Reloads are spread over time."""
        now = asyncio.get_running_loop().time()
        begin = max(self.next_reload, now)
        self.next_reload = begin + min(RELOAD_INTERVAL, MAX_RELOAD_TIME / max(1, len(self.sockets)))
        await asyncio.sleep(begin - now)

    async def cut_off_stalled(self) -> None:
        """Close sockets whose client does not read. Never return."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(STALLED_CHECK_INTERVAL, self.send_timeout / 2))
            for socket in self:
                if socket.sending_since and loop.time() - socket.sending_since > self.send_timeout:
                    CUT_OFF.inc()
                    log.warning("A websocket client of %s does not read. It is disconnected.", socket.user)
                    socket.close(CloseCode.TOO_SLOW, "You did not read fast enough.")

    async def check_credentials(self) -> None:
        """Close sockets whose credentials are no longer valid. Never return.

        The check is regular, and at once when this process revokes any.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.check_interval):
                    await self.check_requested.wait()
            self.check_requested.clear()
            with suppress(DatabaseError):
                await self._check_credentials_once()

    async def _check_credentials_once(self) -> None:
        """Check all sockets with the same few queries."""
        sockets = list(self.sockets)
        users = await self.thread.run(find_users, {socket.credential for socket in sockets})
        for socket in sockets:
            user = users.get(socket.credential)
            if user is None:
                ENDED.inc()
                socket.close(CloseCode.UNAUTHORIZED, "You are not logged in any more.")
            elif Audience.of(user) is not socket.audience:
                socket.close(CloseCode.RECONNECT, "Your rights have changed.")
