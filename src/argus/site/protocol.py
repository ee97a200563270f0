"""HTTP/1.1 and websockets as uvicorn speaks them, with an end to what it puts up with."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .door import Refusal, answer_on_the_wire

LONGEST_HEAD = 64 * 1024
# How long (seconds) the head of a request may take, and a new connection without any.
HEAD_SECONDS = 20.0
# How long (seconds) a closed websocket may take to go.
LAST_CHANCE = 2.0

NO_REQUEST = Refusal(400, "malformed", "This is no HTTP request that can be read.", closes=True)
HEAD_TOO_SLOW = Refusal(408, "slow head", "The headers took too long to come.", closes=True)
HEAD_TOO_LONG = Refusal(431, "long head", "The headers are too long.", closes=True)


class BoundedProtocol(HttpToolsProtocol):
    """Headers may be as long as ``LONGEST_HEAD`` and take ``HEAD_SECONDS``.

    uvicorn itself would gather endless ones until memory is full, and wait for the rest of others for ever.
    """

    in_head = False
    head_length = 0
    head_timer = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.await_head()

    def connection_lost(self, exc):
        self.await_no_head()
        super().connection_lost(exc)

    def on_message_begin(self):
        super().on_message_begin()
        self.in_head, self.head_length = True, 0

    def on_headers_complete(self):
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data):
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self.in_head:
            self.await_no_head()
            return
        self.head_length += len(data)
        if self.head_length > LONGEST_HEAD:
            self.turn_away(HEAD_TOO_LONG)
        elif self.head_timer is None:
            self.await_head()

    def await_head(self) -> None:
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self.head_is_late)

    def await_no_head(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def head_is_late(self) -> None:
        self.head_timer = None
        if self.in_head:
            self.turn_away(HEAD_TOO_SLOW)
        else:
            # Somebody who has said nothing at all has not asked anything, either.
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.turn_away(NO_REQUEST)

    def turn_away(self, refusal: Refusal) -> None:
        """Answer, unless an answer to an earlier request would be torn by it; and hang up."""
        earlier = self.cycle
        if earlier is None or earlier.response_complete or not (self.in_head or earlier.response_started):
            self.transport.write(answer_on_the_wire(self.known_scope(), refusal))
        self.transport.close()

    def known_scope(self) -> dict:
        """Return what there is so far of the request."""
        scope = {"client": self.client, **(self.scope or {})}
        if "path" not in scope and getattr(self, "url", b""):
            scope["method"] = self.parser.get_method().decode()
            scope["path"] = self.url.partition(b"?")[0].decode("latin-1")
        return scope


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
