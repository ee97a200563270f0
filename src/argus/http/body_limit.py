"""Limits on request bodies: 413 for a body that is too long, 400 for one that ended before its Content-Length."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

# Key of the WSGI environment: whether the body is shorter than its Content-Length.
IS_TRUNCATED = "argus.body_is_truncated"

CHUNK_SIZE = 64 * 1024

WsgiApplication = Callable[[dict[str, Any], Callable], Iterable[bytes]]


def max_body_size(path: str) -> int:
    """Return how many bytes a body sent to this path may have."""
    return settings.ARGUS_BODY_SIZES.get(path, settings.ARGUS_MAX_BODY_SIZE)


def largest_body_size() -> int:
    """Return how many bytes the longest accepted body may have, at any path. A reverse proxy passes no longer ones."""
    return max(settings.ARGUS_MAX_BODY_SIZE, *settings.ARGUS_BODY_SIZES.values())


def discard_body(body: Any, length: int) -> None:
    """Read the rest of a body without keeping it."""
    while length > 0 and (chunk := body.read(min(length, CHUNK_SIZE))):
        length -= len(chunk)


def read_body_first(application: WsgiApplication) -> WsgiApplication:
    """Wrap a WSGI application so that it gets complete bodies with their true length.

    Django would accept a truncated form, and ignores chunked bodies, which have no Content-Length. Of a chunked body,
    at most one byte more than the limit is read: enough for ``BodyLimitMiddleware`` to refuse it.

    A body that is too long for its path, but not for others, is read and discarded. A proxy that is still sending it
    would otherwise answer 502 when the server closes the connection.
    """

    def read(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        limit, length = max_body_size(environ.get("PATH_INFO", "")), environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) <= limit:
            body = environ["wsgi.input"].read(int(length))
            environ[IS_TRUNCATED] = len(body) < int(length)
            environ["wsgi.input"] = BytesIO(body)
        elif length.isdecimal() and int(length) <= largest_body_size():
            discard_body(environ["wsgi.input"], int(length))
        elif not length and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            body = environ["wsgi.input"].read(limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return read


class BodyLimitMiddleware:
    """Refuse a body that is too long, without parsing it, and one that is truncated."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.META.get(IS_TRUNCATED):
            return JsonResponse({"detail": "The body is shorter than its Content-Length."}, status=400)
        limit = max_body_size(request.path_info)
        if content_length(request) > limit:
            return JsonResponse({"detail": f"The body is longer than {limit} bytes."}, status=413)
        return self.get_response(request)


def content_length(request: HttpRequest) -> int:
    """Return the Content-Length, or 0 if it is missing or no number."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
