"""Real servers and clients of the websocket. Servers run in threads of the test process."""

import asyncio
import contextlib
import json
import threading
import time

import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from argus.site.server import WEBSOCKET_OPTIONS, bind_socket
from argus.ws import hub
from argus.ws.routing import application
from tests.servers import find_free_port

TIMEOUT = 20  # seconds


class WebsocketServer:
    """A server of ``/ws/open/`` on a free port. It has an event loop and a hub of its own, as each web process has.

    ``ws`` is uvicorn's option: the implementation of the websocket protocol.
    """

    def __init__(self, *, ws: str | type = WEBSOCKET_OPTIONS["ws"], **limits):
        self.limits = hub.Limits(**limits)
        self.port = find_free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws/open/"
        config = {"host": "127.0.0.1", "port": self.port, "lifespan": "off", "log_config": None}
        self.server = uvicorn.Server(
            uvicorn.Config(application, timeout_graceful_shutdown=2, **config, **WEBSOCKET_OPTIONS | {"ws": ws})
        )
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.hub: hub.Hub | None = None

    def run(self) -> None:
        # uvloop, as uvicorn itself would choose.
        with asyncio.Runner(loop_factory=self.server.config.get_loop_factory()) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        self.hub = hub.Hub(asyncio.get_running_loop(), self.limits)
        try:
            listener = bind_socket(self.server.config, client_timeout=10)
            await self.server.serve(sockets=[listener])
        finally:
            await self.hub.close()

    def start(self) -> "WebsocketServer":
        self.thread.start()
        wait_until(lambda: self.server.started)
        return self

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(TIMEOUT)
        assert not self.thread.is_alive()

    def connections(self) -> list:
        """Return the server's side of the open connections."""
        return list(self.server.server_state.connections)


class WebsocketClient:
    """A client whose messages are dictionaries."""

    def __init__(self, connection: ClientConnection):
        self.connection = connection

    def send(self, message) -> None:
        self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def receive(self, timeout: float = TIMEOUT) -> dict:
        return json.loads(self.connection.recv(timeout))

    def receive_many(self, number: int) -> list[dict]:
        return [self.receive() for _ in range(number)]

    def request(self, message) -> dict:
        """Send a request and return its answer."""
        self.send(message)
        return self.receive()

    def subscribe(self, **values) -> dict:
        return self.request({"action": "subscribe", **values})

    def receives_nothing(self, seconds: float = 0.3) -> bool:
        try:
            self.connection.recv(seconds)
        except TimeoutError:
            return True
        return False

    def close_code(self) -> int:
        """Discard messages until the connection is closed, and return the close code."""
        try:
            while True:
                self.connection.recv(TIMEOUT)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006


@contextlib.contextmanager
def connected(server, token: str = "", *, headers: dict[str, str] | None = None, **options):
    """A context with a connected client. It has not subscribed."""
    headers = {**({"Authorization": f"Token {token}"} if token else {}), **(headers or {})}
    options = {
        "compression": None,
        "max_size": None,
        "max_queue": None,
        "open_timeout": TIMEOUT,
        "close_timeout": 1,
    } | options
    with connect(server.url, additional_headers=headers, **options) as connection:
        yield WebsocketClient(connection)


def position(message: dict) -> dict:
    """Return what a client sends as ``since`` to continue after a message."""
    return {"stream": message["stream"], "sequence": message["sequence"]}


def pks(messages: list[dict]) -> list[int]:
    """Return the primary keys of the incidents in messages."""
    return [message["payload"]["pk"] for message in messages]


def wait_until(condition, seconds: float = TIMEOUT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.01)
