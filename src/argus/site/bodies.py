"""Request bodies are here as a whole before a thread is given to the request.

Otherwise a few clients that stop in the middle would hold all threads, and what came of a form before its sender
vanished would be taken for the whole of it.
"""

import asyncio

from argus.http.body_limit import body_limit

from .door import Refusal

# How long a body may take. Monitoring systems send a few kilobytes.
SECONDS = 30
TOO_SLOW = Refusal(408, "slow body", "The body took too long to come.", closes=True)


class BodyTooSlow(Exception):
    """The body did not come in time."""


async def read_ahead(scope, receive):
    """Read the body and return an ASGI ``receive`` that repeats it; ``None`` if the client has gone.

    What is longer than ``body_limit`` will be refused, so no more than that is read, and nothing at all if
    its length was announced. Raises ``BodyTooSlow``.
    """
    limit = body_limit(scope["path"])
    if announced_length(scope) > limit:
        return receive
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(SECONDS):
            while more and len(body) <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise BodyTooSlow from None
    messages = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def repeat():
        return messages.pop() if messages else await receive()

    return repeat


def announced_length(scope) -> int:
    """Return the Content-Length, which the server has checked; 0 if there is none."""
    return int(dict(scope["headers"]).get(b"content-length", 0))
