"""Rounds on real servers for the model: what they bring, and what each part had to do for it.

Three servers take turns on one PostgreSQL: ``plain``, one web process with a worker beside it that can be halted;
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
import redis

from benchmarks.client import LoadClient, running_client
from benchmarks.ingest import BLOCK, BULK, INCIDENTS
from benchmarks.live import following
from benchmarks.load import Job
from benchmarks.servers import POSTGRES_SETTINGS, ROOT, Accounts, ArgusServer, WebServer, environment, prepare
from benchmarks.workload import incident_body
from tests.servers import Server, running, running_postgres, running_valkey

from .usage import CORES, Cpu, cpu_of, cpu_of_machine

PATIENCE = 120
OUTBOX = "SELECT count(*) FROM argus_incident_change WHERE NOT routed"
# Where Redis has the number of the last change that was told, and the change.
STATE, LOG = "{argus.live}:state", "{argus.live}:log:staff"


@dataclass
class Sample:
    """What was done in some time, and what it took of the processor, by part. ``watched``: seconds, with the rest."""

    elapsed: float = 0.0
    watched: float = 0.0
    requests: int = 0
    incidents: int = 0
    latencies: list[float] = field(default_factory=list)
    cpu: dict[str, Cpu] = field(default_factory=dict)
    wal: int = 0
    # Seconds of cores that went to strangers.
    others: float = 0.0

    def add(self, other: "Sample") -> None:
        """Take another round of the same in."""
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
        """How many cores were taken by what does not belong to the benchmark."""
        return min(CORES - 0.1, max(0.0, self.others / self.watched))

    def per_request(self, part: str) -> float:
        return self.cpu[part].total / self.requests

    def per_incident(self, part: str) -> float:
        return self.cpu[part].total / self.incidents


class Watch:
    """Looks at parts (process ids, by name) from now on."""

    def __init__(self, parts: dict[str, int]):
        self.parts = parts
        self.before, self.machine, self.began = self.used(), cpu_of_machine(), time.monotonic()

    def used(self) -> dict[str, Cpu]:
        return {part: cpu_of(pid) for part, pid in self.parts.items()}

    def read(self, **more: Cpu) -> dict:
        """Return what a ``Sample`` wants to know of the time since then; ``more`` are parts that have ended."""
        cpu = {part: now - self.before[part] for part, now in self.used().items()} | more
        others = cpu_of_machine() - self.machine - sum(one.total for one in cpu.values())
        return {"watched": time.monotonic() - self.began, "cpu": cpu, "others": others}


class Bench:
    """The running parts, and what can be done with them. ``parts``: process ids, by name."""

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
        """POST so many lists of incidents that nobody has posted, over one connection."""
        first = next(self.blocks) * BLOCK
        bodies = [{"incidents": [incident_body(first + n * size + i) for i in range(size)]} for n in range(lists)]
        requests = [("POST", BULK, body) for body in bodies]
        job = self.job(server, seconds=PATIENCE, requests=requests, repeat=False)
        return self.watch(server, job, size=size, until=until)

    def job(self, server: str, **values) -> Job:
        token = self.accounts.sources[0]["token"]
        return Job(port=self.servers[server].port, token=token, first=next(self.blocks) * BLOCK, **values)

    def watch(self, server: str, job: Job, *, size: int = 1, until: Callable | None = None) -> Sample:
        """Do the job, and note what it takes; ``until`` returns when what comes of it is done, too."""
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
        """Return how many bytes of write-ahead log there have been."""
        return int(self.one("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def halt_worker(self) -> None:
        psutil.Process(self.parts["worker"]).suspend()

    def drain(self) -> Sample:
        """Let the worker work until it has nothing to do; what it has taken, for how many events."""
        parts = {part: self.parts[part] for part in ("worker", "sql")}
        events = self.one(OUTBOX)
        watch = Watch(parts)
        psutil.Process(self.parts["worker"]).resume()
        wait_until(lambda: not self.one(OUTBOX))
        read = watch.read()
        return Sample(elapsed=read["watched"], requests=events, incidents=events, **read)

    def told(self, server: str) -> int:
        """Return the number of the last change that the server has told of."""
        with closing(redis.Redis.from_url(self.valkeys[server].url)) as valkey:
            return int(valkey.hget(STATE, f"head:{LOG}") or 0)

    def message_bytes(self, server: str) -> int:
        """Return the size of the last change that the server has told of."""
        with closing(redis.Redis.from_url(self.valkeys[server].url)) as valkey:
            return len(valkey.lindex(LOG, -1))

    @contextmanager
    def followed(self, server: str, number: int) -> Iterator[None]:
        """So many clients of the websocket follow the server meanwhile."""
        with following(self.servers[server], self.accounts.operator, number) as followers:
            self.parts["followers"] = followers.process.pid
            yield
            del self.parts["followers"]
            followers.report()


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again and again, for two minutes at most."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It is not done after {PATIENCE} s.")
        time.sleep(0.02)


@contextmanager
def running_bench() -> Iterator[Bench]:
    """Start everything."""
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
    """Make a second database like the first one, and return its URL."""
    parts = urlsplit(url)
    with closing(psycopg2.connect(urlunsplit(parts._replace(path="/template1")))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE second TEMPLATE {parts.path[1:]}")
    return urlunsplit(parts._replace(path="/second"))


@contextmanager
def running_worker(database_url: str, **surroundings: str) -> Iterator[subprocess.Popen]:
    """A worker in a process of its own, which ends with the block, halted or not."""
    command = [sys.executable, str(ROOT / "manage.py"), "send_notifications", "--parent", str(os.getpid())]
    with subprocess.Popen(command, env=environment(database_url) | surroundings) as process:
        try:
            yield process
        finally:
            process.kill()
