"""What is answered before Django sees a request: with a name, a line in the log and a place in the figures.

Decided in the event loop, where nobody may wait: no thread, no session and no database is needed for a refusal.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

from argus.http.access_log import HEADER, tell
from argus.http.metrics import METHODS, OTHER, REFUSED, REQUESTS
from argus.util.logs import new_request_id, request_context

UNKNOWN = "-"


@dataclass(frozen=True)
class Refusal:
    """What somebody is told who does not get in. ``reason`` is a label of the figures; ``retry_after`` in seconds."""

    status: int
    reason: str
    detail: str
    retry_after: int = 0
    # The rest of what the client sends, or will not send, could not be told from its next request.
    closes: bool = False

    @property
    def body(self) -> bytes:
        return json.dumps({"detail": self.detail}).encode()

    def headers(self, request_id: str, origin: str = "") -> list[tuple[bytes, bytes]]:
        """Return the headers of the answer to a request from a page of this origin."""
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(self.body)),
            "X-Content-Type-Options": "nosniff",
            HEADER: request_id,
        }
        if self.retry_after:
            headers["Retry-After"] = str(self.retry_after)
        if self.closes:
            headers["Connection"] = "close"
        if origin in settings.CORS_ALLOWED_ORIGINS:
            # Else the frontend could not even read when to come back.
            headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
            headers["Access-Control-Expose-Headers"] = ", ".join(settings.CORS_EXPOSE_HEADERS)
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def refuse(scope, send, refusal: Refusal) -> None:
    """Answer a request that is not let in."""
    headers = record(scope, refusal)
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.body})


def answer_on_the_wire(scope, refusal: Refusal) -> bytes:
    """Return the whole answer to what is no request, or not yet: nobody has called an application for it."""
    lines = [b"HTTP/1.1 %d %s" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
    lines += [name + b": " + value for name, value in record(scope, refusal)]
    return b"\r\n".join([*lines, b"", refusal.body])


def record(scope, refusal: Refusal) -> list[tuple[bytes, bytes]]:
    """Count the refusal and write its line; return the headers of the answer."""
    sent = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
    request_id = new_request_id(sent.get(HEADER.lower().encode(), ""))
    method = scope.get("method", UNKNOWN)
    REFUSED.labels(refusal.reason).inc()
    REQUESTS.labels(OTHER, method if method in METHODS else OTHER, refusal.status).inc()
    with request_context(request_id):
        client = (scope.get("client") or ("",))[0]
        tell(method, scope.get("path", UNKNOWN), refusal.status, client=client, reason=refusal.reason)
    return refusal.headers(request_id, sent.get(b"origin", ""))
