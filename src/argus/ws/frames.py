"""An extension of uvicorn's websocket protocol: the server takes several messages as complete frames, in one write.

uvicorn itself encodes, frames and writes each message for each client. Other ASGI servers do not have the extension and
receive the messages one by one. ADR 27 has the figures.
"""

import random
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .protocol import FRAMES

# Seconds for each connection when the server stops, and for all of them together.
CLOSE_INTERVAL = 0.1
MAX_CLOSE_TIME = 3.0


class FramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with the extension ``FRAMES``."""

    async def run_asgi(self) -> None:
        """Run the application."""
        self.scope["extensions"] = {**(self.scope["extensions"] or {}), FRAMES: {}}
        await super().run_asgi()

    def shutdown(self) -> None:
        """Close the connection with code 1012, because the server stops.

        Connections are closed in random order over some time: clients that wait equally long would otherwise all
        connect again at the same moment.
        """
        window = min(MAX_CLOSE_TIME, len(self.connections) * CLOSE_INTERVAL)
        self.loop.call_later(random.uniform(0, window), self._shutdown)

    def _shutdown(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    async def send(self, message: Any) -> None:
        """Send a message of the application, as soon as the client accepts it.

        Raises ``ClientDisconnected``, which is an ``OSError``.
        """
        if message["type"] != FRAMES:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["frames"])
