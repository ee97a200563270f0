"""The ASGI application of the websocket."""

from .consumer import IncidentConsumer, Receive, Scope, Send
from .protocol import CloseCode

PATH = "/ws/open/"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection until its end; refuse those to other paths."""
    if scope["path"] == PATH:
        await IncidentConsumer(scope, send).run(receive)
    else:
        await send({"type": "websocket.close", "code": CloseCode.NOT_FOUND})
