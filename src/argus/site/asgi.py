"""The ASGI application: the websocket and, where uvicorn serves everything, REST and the admin.

REST and the admin are WSGI code. They run in a fixed pool of threads, because each thread keeps its database connection
between requests. Django's own ASGI handler starts a thread for each request, which would connect each time.
"""

from typing import Any, cast
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware

# isort: split
# Django must be set up before the modules below are imported.
from .wsgi import application as wsgi_application

# isort: split
from argus.http.request_head import check_websocket_first
from argus.ws.routing import application as websocket_application

from .monitoring.views import PROBES

THREADS = 8
# As many for writes. While 50 frontends read their lists at once after a restart, the slowest POST takes 0.4 s; in the
# threads of the lists it took 2.3 s. With 200 frontends: 1.2 s and 6 s.
WRITE_THREADS = 8
# Probes have their own threads, so that they are answered while all others wait for the database.
PROBE_THREADS = 2
VISIBLE_ASCII = "".join(chr(code) for code in range(0x21, 0x7F))

http = WSGIMiddleware(cast(Any, wsgi_application), workers=THREADS)
writes = WSGIMiddleware(cast(Any, wsgi_application), workers=WRITE_THREADS)
websocket = check_websocket_first(websocket_application)
probes = WSGIMiddleware(cast(Any, wsgi_application), workers=PROBE_THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Pass a connection to the application of its protocol."""
    if scope["type"] == "websocket":
        await websocket(scope, receive, send)
        return
    if scope["type"] == "http":
        # a2wsgi requires an ASCII query; some clients do not quote theirs.
        scope = {**scope, "query_string": quote_from_bytes(scope["query_string"], safe=VISIBLE_ASCII).encode()}
        if scope["path"] in PROBES:
            await probes(scope, receive, send)
            return
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            await writes(scope, receive, send)
            return
    await http(scope, receive, send)
