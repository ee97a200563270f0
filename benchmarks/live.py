"""Live updates: the delay from a POST to many websocket clients, and what the clients cost ingest."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from statistics import median

from tests.servers import running, running_postgres, running_valkey

from .client import ask, running_client
from .figures import milliseconds, percentile, times
from .ingest import INCIDENTS
from .notifications import ingest
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ROOT, ArgusServer, prepare
from .workload import incident_body

# Incidents of the steady stream have numbers above those of the load, which come in blocks. None is posted twice.
numbers, blocks = count(10**9), count(1)
BLOCK = 100_000
MAX_WAIT = 30  # seconds


class Followers:
    """Subscribed clients in a process of their own."""

    def __init__(self, process: subprocess.Popen, number: int):
        self.process, self.number = process, number
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("The clients could not subscribe.")

    def report(self) -> dict:
        """End the clients and return what they have received."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def following(server: ArgusServer, token: str, number: int):
    """A context in which clients of the server are subscribed."""
    command = [sys.executable, "-m", "benchmarks.followers", str(server.port), token, str(number)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Followers(process, number)


def measure(scale: Scale) -> dict[str, Table]:
    """Measure a server with Valkey, then compare its ingest with that of a server without Valkey and clients."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_valkey() as valkey:
        accounts = prepare(postgres.url)
        operator, source = accounts.operator, accounts.sources[0]["token"]
        with running(ArgusServer(postgres.url, ARGUS_REDIS_URL=valkey.url)) as server:
            progress(f"live: {scale.followers} clients connect")
            with following(server, operator, scale.followers) as followers:
                progress(f"live: {scale.changes_per_second} changes/s for {scale.live_seconds:.0f} s")
                rows = measure_latency(server, source, followers, scale)
            with running(ArgusServer(postgres.url)) as other, running_client() as client:
                progress("live: ingest with and without clients")
                rows += measure_cost(client, server, other, accounts, scale)
    return {"live": Table(["What", "measured", "bar"], rows)}


def measure_latency(server: ArgusServer, token: str, followers: Followers, scale: Scale) -> list[list]:
    """Post at a steady rate, and measure the delay until each client has received each incident."""
    sent = post_steadily(server, token, scale.changes_per_second, scale.live_seconds)
    time.sleep(min(MAX_WAIT, 1 + scale.live_seconds / 20))
    outcome = followers.report()
    latencies = [
        at - sent[name] for arrivals in outcome["arrivals"] for name, at in zip(outcome["names"], arrivals, strict=True)
    ]
    lost = len(sent) * followers.number - len(latencies)
    what = f"{followers.number} clients, {scale.changes_per_second} changes/s, POST to client"
    bars = {50: "", 95: "", 99: "at most 300"}
    rows = [[f"{what}, p{rank} ms", milliseconds(percentile(latencies, rank)), bars[rank]] for rank in bars]
    return [*rows, ["the same: numbers missing, messages missing", f"{outcome['gaps']}, {lost}", "0, 0"]]


def post_steadily(server: ArgusServer, token: str, rate: int, seconds: float) -> dict[str, float]:
    """Post ``rate`` incidents per second. Return the time of each request, by source_incident_id."""
    sent: dict[str, float] = {}

    def post(body: dict) -> None:
        sent[body["source_incident_id"]] = time.monotonic()
        ask(server.url, INCIDENTS, token, method="POST", body=body)

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        for number in range(max(1, int(rate * seconds))):
            pool.submit(post, incident_body(next(numbers)))
            time.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
    return sent


def measure_cost(client, server: ArgusServer, other: ArgusServer, accounts, scale: Scale) -> list[list]:
    """Compare the rate of ingest of a server whose clients receive it with that of another one, in turn."""
    rows = []
    for number in (0, scale.few_followers):
        rates: list[list[float]] = [[], []]
        with following(server, accounts.operator, number):
            for _ in range(scale.ingest_rounds + 1):
                for target, some in zip((other, server), rates, strict=True):
                    first = next(blocks) * BLOCK
                    token = accounts.sources[0]["token"]
                    some.append(ingest(client, target.port, token, scale.ingest_seconds, first=first))
        ratio = median(rates[1][1:]) / median(rates[0][1:])
        rows.append([f"ingest while {number} clients are subscribed, to ingest without live updates", times(ratio), ""])
    return rows
