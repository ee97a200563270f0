"""Checks of the request line and the headers: 400 without ``Host``, 431 if they are too long.

gunicorn limits each header but not their sum, and uvicorn limits nothing. Neither of them requires ``Host``.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

from .body_limit import WsgiApplication

# Bytes. The shipped proxies pass at most half of it.
MAX_HEAD_SIZE = 64 * 1024

AsgiCallable = Callable[..., Awaitable[Any]]
AsgiApplication = Callable[[dict[str, Any], AsgiCallable, AsgiCallable], Awaitable[None]]


class RequestHeadError(Exception):
    """A request with an invalid head; ``status`` is that of the response."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status

    @property
    def body(self) -> bytes:
        """Return the JSON of the response."""
        return json.dumps({"detail": str(self)}).encode()


def check_head(*, version: str, size: int, hosts: list[str]) -> None:
    """Raise ``RequestHeadError`` for a head of more than MAX_HEAD_SIZE bytes, or without exactly one ``Host``.

    HTTP/1.0 needs no ``Host``.
    """
    if size > MAX_HEAD_SIZE:
        detail = f"The URL and the headers are longer than {MAX_HEAD_SIZE} bytes."
        raise RequestHeadError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
    if len(hosts) != 1 and (hosts or version != "1.0"):
        raise RequestHeadError(HTTPStatus.BAD_REQUEST, "The request needs exactly one Host header.")


def check_head_first(application: WsgiApplication) -> WsgiApplication:
    """Wrap a WSGI application so that it gets only requests with a valid head."""

    def check(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        try:
            check_head(version=environ["SERVER_PROTOCOL"].removeprefix("HTTP/"), **size_and_hosts(environ))
        except RequestHeadError as error:
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(error.body)))]
            start_response(f"{error.status.value} {error.status.phrase}", headers)
            return [error.body]
        return application(environ, start_response)

    return check


def size_and_hosts(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the length of the head and its hosts. Servers join headers of the same name by a comma."""
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    url = len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", ""))
    size = url + sum(len(name) + len(value) for name, value in headers.items())
    return {"size": size, "hosts": headers["HTTP_HOST"].split(",") if "HTTP_HOST" in headers else []}


def check_websocket_first(application: AsgiApplication) -> AsgiApplication:
    """Wrap an ASGI application so that it gets only websocket handshakes with a valid head."""

    async def check(scope: dict[str, Any], receive: AsgiCallable, send: AsgiCallable) -> None:
        size = (
            len(scope["path"])
            + len(scope["query_string"])
            + sum(len(name) + len(value) for name, value in scope["headers"])
        )
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        try:
            check_head(version=scope["http_version"], size=size, hosts=hosts)
        except RequestHeadError as error:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "websocket.http.response.start", "status": error.status.value, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": error.body})
        else:
            await application(scope, receive, send)

    return check
