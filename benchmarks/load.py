"""The client process: read jobs from standard input, write outcomes to standard output.

It uses plain sockets and threads, because server and client share the processor.
"""

import json
import socket
import sys
import threading
from dataclasses import asdict, dataclass, field
from itertools import count
from time import perf_counter, sleep

from .workload import incident_body

SAMPLES = 3
BROKEN = "broken"


@dataclass(frozen=True)
class Job:
    """Requests to send over ``connections`` connections at a time, kept alive, for ``seconds`` at most.

    Either ``requests`` (method, path, body or None) in order, from the start again with ``repeat``; or incidents to
    POST to ``post_to``, numbered from ``first`` without end. Each connection pauses for ``pause`` seconds after an
    answer. Requests carry the token or, like a browser, the session. ``address`` is the client's own. A client that
    ``honours_retry_after`` waits a second after a 429.
    """

    port: int
    token: str
    seconds: float
    connections: int = 1
    pause: float = 0
    requests: list[tuple[str, str, dict | None]] = field(default_factory=list)
    repeat: bool = True
    post_to: str = ""
    first: int = 0
    session: str = ""
    address: str = "127.0.0.1"
    honours_retry_after: bool = False

    def request_at(self, index: int) -> bytes | None:
        """Return the bytes of the request with this index, or None after the last."""
        if self.post_to:
            return self.spell("POST", self.post_to, incident_body(self.first + index))
        if index >= len(self.requests) and not self.repeat:
            return None
        return self.spell(*self.requests[index % len(self.requests)])

    def spell(self, method: str, path: str, body: dict | None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        who = f"Cookie: sessionid={self.session}" if self.session else f"Authorization: Token {self.token}"
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{who}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


@dataclass
class Outcome:
    """Outcome of a job: seconds, requests by status, and the first answers that were not 2xx."""

    elapsed: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def count(self, status: str) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def refuse(self, text: str) -> None:
        self.refused = [*self.refused, text][:SAMPLES]


class Load:
    """A running job: threads that take the next request from one counter."""

    def __init__(self, job: Job):
        self.job = job
        self.numbers = count()
        self.outcome = Outcome()
        self.lock = threading.Lock()

    def run(self) -> Outcome:
        """Run the job. The clock starts when all connections are open."""
        address = ("127.0.0.1", self.job.port)
        source = (self.job.address, 0)
        connections = [socket.create_connection(address, 120, source) for _ in range(self.job.connections)]
        threads = [threading.Thread(target=self.work, args=[connection]) for connection in connections]
        self.start = perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.outcome.elapsed = perf_counter() - self.start
        return self.outcome

    def work(self, connection: socket.socket) -> None:
        """Send at least one request, each after the previous answer, until none are left or the time is over."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while (request := self.job.request_at(next(self.numbers))) is not None:
                status = self.exchange(connection, request)
                if status == BROKEN or perf_counter() - self.start > self.job.seconds:
                    return
                sleep(1 if status == "429" and self.job.honours_retry_after else self.job.pause)

    def exchange(self, connection: socket.socket, request: bytes) -> str:
        """Send a request and record the answer; return its status."""
        sent = perf_counter()
        try:
            connection.sendall(request)
            answer = receive(connection)
        except OSError as error:
            answer, status = str(error).encode(), BROKEN
        else:
            status = answer[9:12].decode()
        with self.lock:
            self.outcome.latencies.append(perf_counter() - sent)
            self.outcome.count(status)
            if not status.startswith("2"):
                self.outcome.refuse(answer[-1000:].decode(errors="replace"))
        return status


def receive(connection: socket.socket) -> bytes:
    """Read one response to its end. Chunks are not decoded."""
    answer = bytearray()
    while (end_of_head := answer.find(b"\r\n\r\n")) < 0:
        answer += read_some(connection)
    _, announced, rest = bytes(answer[:end_of_head]).lower().partition(b"content-length:")
    length = end_of_head + 4 + int(rest.split(b"\r\n")[0]) if announced else None
    # JSON contains no raw line breaks, so only the last, empty chunk ends like this.
    while len(answer) < length if announced else not answer.endswith(b"\r\n0\r\n\r\n"):
        answer += read_some(connection)
    return bytes(answer)


def read_some(connection: socket.socket) -> bytes:
    """Read what has arrived. Raises ``ConnectionError`` at the end of the stream."""
    received = connection.recv(1 << 18)
    if not received:
        raise ConnectionError("The server closed a keep-alive connection")
    return received


def main() -> None:
    """Run one job for each input line."""
    for line in sys.stdin:
        print(json.dumps(asdict(Load(Job(**json.loads(line))).run())), flush=True)


if __name__ == "__main__":
    main()
