"""The websocket on a real port, in a thread of the test's own process: same database, same signals, real clients."""

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

# How long a test waits for what must come, in seconds.
PATIENCE = 20


class WebsocketServer:
    """A server of ``/ws/open/`` with an event loop, and so a hub, of its own."""

    def __init__(self):
        self.port = find_free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws/open/"
        config = {"host": "127.0.0.1", "port": self.port, "lifespan": "off", "log_config": None, **WEBSOCKET_OPTIONS}
        self.server = uvicorn.Server(uvicorn.Config(application, timeout_graceful_shutdown=2, **config))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.hub: hub.Hub | None = None

    def run(self) -> None:
        # uvloop, as uvicorn itself would choose.
        with asyncio.Runner(loop_factory=self.server.config.get_loop_factory()) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        self.hub = hub.hub_of_this_loop()
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
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def connections(self) -> list:
        """The server's side of the sockets that are open."""
        return list(self.server.server_state.connections)


class Follower:
    """A client: what it says and hears are dictionaries."""

    def __init__(self, connection: ClientConnection):
        self.connection = connection

    def say(self, message) -> None:
        self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hear(self, timeout: float = PATIENCE) -> dict:
        return json.loads(self.connection.recv(timeout))

    def ask(self, message) -> dict:
        self.say(message)
        return self.hear()

    def subscribe(self, **values) -> dict:
        return self.ask({"action": "subscribe", **values})

    def hear_many(self, number: int) -> list[dict]:
        return [self.hear() for _ in range(number)]

    def hears_nothing(self, seconds: float = 0.3) -> bool:
        try:
            self.connection.recv(seconds)
        except TimeoutError:
            return True
        return False

    def close_code(self) -> int:
        """Wait for the end of the connection and return its code; what still comes before is not looked at."""
        try:
            while True:
                self.connection.recv(PATIENCE)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006


@contextlib.contextmanager
def following(server, token: str = "", *, headers: dict[str, str] | None = None, **options):
    """A follower that is connected, by its token if one is given. It has not said anything."""
    headers = {**({"Authorization": f"Token {token}"} if token else {}), **(headers or {})}
    options = {
        "compression": None,
        "max_size": None,
        "max_queue": None,
        "open_timeout": PATIENCE,
        "close_timeout": 1,
    } | options
    with connect(server.url, additional_headers=headers, **options) as connection:
        yield Follower(connection)


def wait_until(condition, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.01)
