"""The ASGI application: everything that Argus serves, on one port.

REST and admin are WSGI code run in a fixed set of threads: each thread keeps its database connection from request to
request, which Django's own ASGI handler cannot do (it has a new thread for each request). Websockets live in the event
loop.
"""

from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware
from django.conf import settings

# isort: split
# Django must be set up before the modules below are imported.
from .wsgi import application as wsgi_application

# isort: split
from argus.ws.routing import application as websocket

from . import door
from .admission import Admission, Refused, refuse
from .bodies import TOO_SLOW, BodyTooSlow, read_ahead
from .monitoring.urls import VIEWS
from .supervisor import end_with_supervisor

VISIBLE_ASCII = "".join(chr(code) for code in range(0x21, 0x7F))

http = WSGIMiddleware(wsgi_application, workers=settings.ARGUS_WEB_THREADS)
# Threads of their own: those who watch want an answer just when all others wait for a database that has none.
watch = WSGIMiddleware(wsgi_application, workers=4)
end_with_supervisor()
admission = Admission(places=settings.ARGUS_WEB_THREADS, rate=settings.ARGUS_RATE_LIMIT)


async def application(scope, receive, send):
    """Hand a request to the part that serves its protocol."""
    if scope["type"] == "websocket":
        return await websocket(scope, receive, send)
    if scope["type"] == "http":
        # WSGI knows ASCII only here; a client that forgot to quote gets what it meant.
        scope = {**scope, "query_string": quote_from_bytes(scope["query_string"], safe=VISIBLE_ASCII).encode()}
        try:
            receive = await read_ahead(scope, receive)
        except BodyTooSlow:
            return await door.refuse(scope, send, TOO_SLOW)
        if receive is None:
            return None
        if scope["path"] in VIEWS:
            return await watch(scope, receive, send)
        try:
            async with admission.place_for(scope):
                return await http(scope, receive, send)
        except Refused as refused:
            return await refuse(scope, send, refused)
    return await http(scope, receive, send)
