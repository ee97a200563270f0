"""Measurements on real servers: rates, and the processor time of each part.

Three servers alternate on one PostgreSQL: ``plain``, one web process and a worker that can be suspended;
``live``, one web process with a Valkey; and ``double``, two of those. Only ``plain`` has a worker on its database.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg2

from benchmarks.client import LoadClient, ask, running_client
from benchmarks.ingest import BLOCK, BULK, INCIDENTS
from benchmarks.live import following
from benchmarks.load import Job
from benchmarks.servers import POSTGRES_SETTINGS, ROOT, Accounts, ArgusServer, WebServer, environment, prepare
from benchmarks.workload import incident_body
from tests.servers import Server, running, running_postgres, running_valkey

from .usage import CORES, Cpu, cpu_of, cpu_of_machine

TIMEOUT = 120
# Seconds in which all changes of a round certainly reach the clients.
SETTLE_TIME = 3
OUTBOX = "SELECT count(*) FROM argus_incident_change WHERE NOT routed"
# Bytes of a websocket message around the representation of the incident.
ENVELOPE = 80


@dataclass
class Sample:
    """Requests of a round and processor time by part. ``watched``: seconds including the time to settle."""

    elapsed: float = 0.0
    watched: float = 0.0
    requests: int = 0
    incidents: int = 0
    latencies: list[float] = field(default_factory=list)
    cpu: dict[str, Cpu] = field(default_factory=dict)
    wal: int = 0
    # Processor seconds of unrelated programs.
    others: float = 0.0

    def add(self, other: "Sample") -> None:
        """Add another round of the same kind."""
        for name in ("elapsed", "watched", "requests", "incidents", "latencies", "wal", "others"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for part, used in other.cpu.items():
            self.cpu[part] = self.cpu.get(part, Cpu()) + used

    @property
    def rate(self) -> float:
        """Incidents a second."""
        return self.incidents / self.elapsed

    @property
    def mean(self) -> float:
        """Seconds that a request took."""
        return sum(self.latencies) / len(self.latencies)

    @property
    def strangers(self) -> float:
        """Return how many cores unrelated programs used."""
        return min(CORES - 0.1, max(0.0, self.others / self.watched))

    def per_request(self, part: str) -> float:
        return self.cpu[part].total / self.requests

    def per_incident(self, part: str) -> float:
        return self.cpu[part].total / self.incidents


class Watch:
    """Records the processor time of parts (process ids by name) from now on."""

    def __init__(self, parts: dict[str, int]):
        self.parts = parts
        self.before, self.machine, self.began = self.used(), cpu_of_machine(), time.monotonic()

    def used(self) -> dict[str, Cpu]:
        return {part: cpu_of(pid) for part, pid in self.parts.items()}

    def read(self, **more: Cpu) -> dict:
        """Return the values for a ``Sample`` since the start; ``more`` are parts that have ended."""
        cpu = {part: now - self.before[part] for part, now in self.used().items()} | more
        others = cpu_of_machine() - self.machine - sum(one.total for one in cpu.values())
        return {"watched": time.monotonic() - self.began, "cpu": cpu, "others": others}


class Bench:
    """The running servers and operations on them. ``parts``: process ids by name."""

    def __init__(self, postgres: Server, client: LoadClient, accounts: Accounts, second: str):
        self.postgres, self.client, self.accounts, self.second = postgres, client, accounts, second
        self.connection = psycopg2.connect(postgres.url)
        self.connection.autocommit = True
        self.parts = {"sql": postgres.process.pid, "client": client.process.pid}
        self.servers: dict[str, ArgusServer] = {}
        self.valkeys: dict[str, Server] = {}
        self.blocks = count(1)

    def one(self, query: str):
        """Return the only value of the only row."""
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    def post(self, server: str, *, connections: int, seconds: float) -> Sample:
        """POST incidents one by one for some time."""
        return self.watch(server, self.job(server, connections=connections, seconds=seconds, post_to=INCIDENTS))

    def post_lists(self, server: str, size: int, lists: int, *, until: Callable | None = None) -> Sample:
        """POST ``lists`` lists of new incidents over one connection."""
        first = next(self.blocks) * BLOCK
        bodies = [{"incidents": [incident_body(first + n * size + i) for i in range(size)]} for n in range(lists)]
        requests = [("POST", BULK, body) for body in bodies]
        job = self.job(server, seconds=TIMEOUT, requests=requests, repeat=False)
        return self.watch(server, job, size=size, until=until)

    def job(self, server: str, **values) -> Job:
        token = self.accounts.sources[0]["token"]
        return Job(port=self.servers[server].port, token=token, first=next(self.blocks) * BLOCK, **values)

    def watch(self, server: str, job: Job, *, size: int = 1, until: Callable | None = None) -> Sample:
        """Run the job and measure it; ``until`` returns when its effects are complete, too."""
        parts = {**self.parts, "web": self.servers[server].process.pid}
        if server in self.valkeys:
            parts["redis"] = self.valkeys[server].process.pid
        wal, watch = self.wal(), Watch(parts)
        outcome = self.client.run(job)
        if until:
            until()
        return Sample(
            elapsed=outcome.elapsed,
            requests=len(outcome.latencies),
            incidents=len(outcome.latencies) * size,
            latencies=outcome.latencies,
            wal=self.wal() - wal,
            **watch.read(),
        )

    def wal(self) -> int:
        """Return the position in the write-ahead log, in bytes."""
        return int(self.one("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def halt_worker(self) -> None:
        psutil.Process(self.parts["worker"]).suspend()

    def drain(self) -> Sample:
        """Resume the worker until nothing is left to route; return its cost."""
        parts = {part: self.parts[part] for part in ("worker", "sql")}
        events = self.one(OUTBOX)
        watch = Watch(parts)
        psutil.Process(self.parts["worker"]).resume()
        wait_until(lambda: not self.one(OUTBOX))
        read = watch.read()
        return Sample(elapsed=read["watched"], requests=events, incidents=events, **read)

    def message_bytes(self, server: str) -> int:
        """Return the approximate size of a websocket message about an incident."""
        pk = self.one("SELECT max(id) FROM argus_incident_incident")
        content, _ = ask(self.servers[server].url, f"{INCIDENTS}{pk}/", self.accounts.operator)
        return len(content) + ENVELOPE

    @contextmanager
    def followed(self, server: str, number: int) -> Iterator[None]:
        """Connect ``number`` websocket clients until the block ends."""
        with following(self.servers[server], self.accounts.operator, number) as followers:
            self.parts["followers"] = followers.process.pid
            yield
            del self.parts["followers"]
            followers.report()


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition for two minutes at most."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Timeout after {TIMEOUT} s.")
        time.sleep(0.02)


@contextmanager
def running_bench() -> Iterator[Bench]:
    """Start all servers."""
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres(durable=True, **POSTGRES_SETTINGS))
        accounts = prepare(postgres.url)
        copy = copy_database(postgres.url)
        bench = Bench(postgres, stack.enter_context(running_client()), accounts, copy)
        stack.callback(bench.connection.close)
        bench.servers["plain"] = stack.enter_context(running(WebServer(postgres.url)))
        for name, processes in (("live", 1), ("double", 2)):
            valkey = bench.valkeys[name] = stack.enter_context(running_valkey())
            bench.servers[name] = stack.enter_context(running(web_server(copy, processes, ARGUS_REDIS_URL=valkey.url)))
        bench.parts["worker"] = stack.enter_context(running_worker(postgres.url)).pid
        yield bench


def web_server(database_url: str, processes: int, **environment: str) -> ArgusServer:
    """Return a server of one process, or gunicorn with several."""
    if processes == 1:
        return WebServer(database_url, **environment)
    size = f"--workers={processes} --threads=8"
    return ArgusServer(database_url, "gunicorn", GUNICORN_CMD_ARGS=size, **environment)


def copy_database(url: str) -> str:
    """Copy the database; return the URL of the copy."""
    parts = urlsplit(url)
    with closing(psycopg2.connect(urlunsplit(parts._replace(path="/template1")))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE second TEMPLATE {parts.path[1:]}")
    return urlunsplit(parts._replace(path="/second"))


@contextmanager
def running_worker(database_url: str, **surroundings: str) -> Iterator[subprocess.Popen]:
    """Run a worker until the block ends, even if it is suspended."""
    command = [sys.executable, str(ROOT / "manage.py"), "send_notifications", "--parent", str(os.getpid())]
    with subprocess.Popen(command, env=environment(database_url) | surroundings) as process:
        try:
            yield process
        finally:
            process.kill()
