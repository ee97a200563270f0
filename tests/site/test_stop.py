"""SIGTERM: a stopping server refuses each new connection at once, or answers it. None waits, none is reset."""

import signal
import socket
import threading
import time
from collections import Counter

import pytest

from tests.live import Argus, Gunicorn
from tests.servers import running
from tests.test_servers import eventually

pytestmark = [pytest.mark.slow, pytest.mark.once]

REQUEST = b"GET /api/v1/incidents/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UNLIMITED = {"ARGUS_RATE_LIMIT": "0", "ARGUS_ADDRESS_RATE_LIMIT": "0"}
# Seconds. Far more than a request takes, far less than the ten seconds that requests have to finish.
MAX_WAIT = 5


class Visitors:
    """Clients that connect again and again, each time for one request. ``outcomes`` says what became of it."""

    def __init__(self, server: Argus, threads: int = 6):
        self.server, self.outcomes = server, []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self) -> None:
        while not self.ended.is_set():
            begun, outcome = time.monotonic(), self.visit()
            self.outcomes.append(outcome if time.monotonic() - begun < MAX_WAIT else "late")

    def visit(self) -> str:
        try:
            connection = self.server.connect(timeout=30)
        except ConnectionRefusedError:
            time.sleep(0.02)
            return "refused"
        with connection:
            try:
                connection.sendall(REQUEST)
                return "answered" if connection.recv(100).startswith(b"HTTP/1.1 401") else "closed"
            except OSError as error:
                return type(error).__name__

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)


@pytest.mark.parametrize("kind", [Gunicorn, Argus])
def test_stopping_server_refuses_or_answers_each_connection(kind):
    body = b"x" * 1_000
    head = f"POST /api/v1/incidents/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with running(kind(**UNLIMITED)) as server:
        for _ in range(3):
            server.start()
            with Visitors(server) as visitors, server.connect(60) as slow, socket.socket() as idle:
                idle.connect(slow.getpeername())
                slow.sendall(head.encode() + body[:500])
                eventually(lambda visitors=visitors: len(visitors.outcomes) > 30, 60)
                server.process.send_signal(signal.SIGTERM)
                # The server still waits for the request in progress.
                eventually(lambda visitors=visitors: visitors.outcomes.count("refused") > 30, MAX_WAIT)
                assert server.process.poll() is None
                slow.sendall(body[500:])
                answer = slow.makefile("rb").read()
                server.stop()
            assert answer.startswith(b"HTTP/1.1 401 ")
            # gunicorn has decided on it before the body: it closes the connection two seconds later.
            assert b"connection: close" in answer.lower() or kind is Gunicorn
            assert set(Counter(visitors.outcomes)) == {"answered", "refused"}
