"""An extension of uvicorn's websocket protocol: the server takes several messages as complete frames, in one write.

uvicorn itself encodes, frames and writes each message for each client. Other ASGI servers do not have the extension and
receive the messages one by one. ADR 28 has the figures.
"""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .protocol import FRAMES


class FramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with the extension ``FRAMES``."""

    async def run_asgi(self) -> None:
        """Run the application."""
        self.scope["extensions"] = {**(self.scope["extensions"] or {}), FRAMES: {}}
        await super().run_asgi()

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
