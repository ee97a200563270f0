"""The embedded server: uvicorn in this process, and a notification worker in a child process."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from time import monotonic
from typing import Any

import uvicorn

from argus.ws.frames import FramesProtocol

log = logging.getLogger(__name__)

# Seconds for requests, and for the message that a worker is sending, to finish after SIGTERM.
GRACEFUL_TIMEOUT = 10
WORKER_STOP_TIMEOUT = 15
# Seconds for clients with an open connection to send a request that they have begun, after SIGTERM.
LINGER_TIMEOUT = 1.0
# Seconds between checks of the worker. A worker that cannot start is tried again after this time.
WORKER_CHECK_INTERVAL = 1

# Seconds after which a client that does not take what was sent to it is disconnected.
CLIENT_TIMEOUT = 30

WEBSOCKET_OPTIONS: dict[str, Any] = {
    "ws": FramesProtocol,
    # Clients send short messages. Each change goes to all clients and would be compressed for each of them.
    "ws_max_size": 64 * 1024,
    "ws_per_message_deflate": False,
    # Seconds. A client that does not answer a ping is disconnected.
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
}


class ServerError(Exception):
    """The server could not start."""


class Server(uvicorn.Server):
    """A uvicorn server that calls ``on_start`` once it accepts connections, and stops in order."""

    on_start: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new connections, answer those that were accepted just now, then finish the running requests.

        uvicorn itself closes connections that have not sent a request yet.
        """
        close = (b"connection", b"close")
        self.server_state.default_headers = [*self.server_state.default_headers, close]
        waiting = [connection for listener in sockets or [] for connection in accept_waiting(listener)]
        loop = asyncio.get_running_loop()
        for accepted in waiting:
            await loop.connect_accepted_socket(self.protocol, accepted)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if is_busy(connection):
                connection.shutdown()
        deadline = monotonic() + LINGER_TIMEOUT
        while self.server_state.connections and monotonic() < deadline:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        factory: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return factory(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def serve(host: str, port: int, *, with_worker: bool = True, on_start: Callable[[], None] = lambda: None) -> None:
    """Serve REST, the admin and the websocket until SIGINT or SIGTERM. Raise ``ServerError`` if that fails.

    ``on_start`` is called once the server accepts connections.
    """
    server = build_server(host, port)
    server.on_start = on_start
    try:
        listener = bind_socket(server.config)
    except SystemExit:
        raise ServerError(f"Cannot listen on {host}:{port}.") from None
    with listener, worker_process() if with_worker else nullcontext():
        server.run(sockets=[listener])


def build_server(host: str, port: int) -> Server:
    """Return a uvicorn server for everything that Argus serves."""
    return Server(
        uvicorn.Config(
            "argus.site.asgi:application",
            host=host,
            port=port,
            **WEBSOCKET_OPTIONS,
            # ARGUS_TRUSTED_PROXIES says which proxies are trusted; uvicorn would trust all on this machine.
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACEFUL_TIMEOUT,
        )
    )


def bind_socket(config: uvicorn.Config, *, client_timeout: float = CLIENT_TIMEOUT) -> socket.socket:
    """Return the listening socket. Raise ``SystemExit`` if the address is in use.

    The kernel disconnects clients that do not read, on Linux. uvicorn would wait for them without end.
    """
    listener = config.bind_socket()
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Accepted connections inherit the option, which is in milliseconds.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(client_timeout * 1000))
    return listener


def is_busy(connection: Any) -> bool:
    """Return whether a connection of uvicorn has a request in progress. Its ``shutdown`` announces the end to these."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete


def accept_waiting(listener: socket.socket) -> list[socket.socket]:
    """Accept all connections that the kernel has established, then make it refuse new ones."""
    connections = []
    with suppress(OSError):
        while True:
            connections.append(listener.accept()[0])
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    return connections


@contextmanager
def worker_process() -> Iterator[None]:
    """Run a notification worker beside the server, and start another one when it ends by itself."""
    stopping = threading.Event()
    keeper = threading.Thread(target=keep_worker_running, args=(stopping,), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def keep_worker_running(stopping: threading.Event) -> None:
    """Start a worker, replace it when it ends, and stop it when ``stopping`` is set."""
    process = start_worker()
    while not stopping.wait(WORKER_CHECK_INTERVAL):
        if process.poll() is not None:
            log.error("The notification worker ended with status %s. Starting another.", process.returncode)
            process = start_worker()
    process.terminate()
    try:
        process.wait(WORKER_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()


def start_worker() -> subprocess.Popen[bytes]:
    """Start a notification worker, which ends if this process is killed."""
    # In a checkout, manage.py has extended the path. A session of its own: Ctrl-C must not end the worker first.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "django", "send_notifications", "--skip-checks", "--parent", str(os.getpid())]
    return subprocess.Popen(command, env=environment, start_new_session=True)
