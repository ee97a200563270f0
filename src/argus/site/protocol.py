"""HTTP/1.1 and websockets as uvicorn speaks them, with an end to what it puts up with."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LONGEST_HEAD = 64 * 1024
# How long (seconds) a closed websocket may take to go.
LAST_CHANCE = 2.0
REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json\r\ncontent-length: 40\r\nconnection: close\r\n\r\n"
    b'{"detail": "The headers are too long."}\n'
)


class BoundedProtocol(HttpToolsProtocol):
    """Headers may be as long as ``LONGEST_HEAD``; uvicorn itself would gather endless ones until memory is full."""

    in_head = False
    head_length = 0

    def on_message_begin(self):
        super().on_message_begin()
        self.in_head, self.head_length = True, 0

    def on_headers_complete(self):
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data):
        super().data_received(data)
        if not self.in_head or self.transport.is_closing():
            return
        self.head_length += len(data)
        if self.head_length > LONGEST_HEAD:
            self.transport.write(REFUSAL)
            self.transport.close()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Websockets whose end does not wait for clients that do not read: what is left for them is thrown away."""

    def abort_soon(self) -> None:
        self.loop.call_later(LAST_CHANCE, self.transport.abort)

    async def run_asgi(self):
        await super().run_asgi()
        self.abort_soon()

    def keepalive_timeout(self):
        super().keepalive_timeout()
        self.abort_soon()

    def shutdown(self):
        super().shutdown()
        self.abort_soon()
