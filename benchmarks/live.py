"""From a change to the people in front of the screen: many clients of the websocket, and what they cost ingest."""

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

# No incident is posted twice: those of the stream have numbers far above those of the load, which come in blocks.
numbers, blocks = count(10**9), count(1)
BLOCK = 100_000
PATIENCE = 30


class Followers:
    """So many clients in a process of their own, all subscribed."""

    def __init__(self, process: subprocess.Popen, number: int):
        self.process, self.number = process, number
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("The clients could not subscribe.")

    def report(self) -> dict:
        """Let them go, and return what has come."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def following(server: ArgusServer, token: str, number: int):
    """Clients of the server, as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.followers", str(server.port), token, str(number)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Followers(process, number)


def measure(scale: Scale) -> dict[str, Table]:
    """Measure on a server with a Valkey, then beside one that has none and tells nobody."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_valkey() as valkey:
        accounts = prepare(postgres.url)
        operator, source = accounts.operator, accounts.sources[0]["token"]
        with running(ArgusServer(postgres.url, ARGUS_REDIS_URL=valkey.url)) as server:
            progress(f"live: {scale.followers} clients connect")
            with following(server, operator, scale.followers) as followers:
                progress(f"live: {scale.changes_per_second} changes/s for {scale.live_seconds:.0f} s")
                rows = measure_latency(server, source, followers, scale)
            with running(ArgusServer(postgres.url)) as silent, running_client() as client:
                progress("live: ingest with and without pushing")
                rows += measure_cost(client, server, silent, accounts, scale)
    return {"live": Table(["What", "measured", "bar"], rows)}


def measure_latency(server: ArgusServer, token: str, followers: Followers, scale: Scale) -> list[list]:
    """Post at a steady pace, and compare when each change was sent off with when each client had it."""
    sent = post_steadily(server, token, scale.changes_per_second, scale.live_seconds)
    time.sleep(min(PATIENCE, 1 + scale.live_seconds / 20))
    outcome = followers.report()
    latencies = [
        at - sent[name] for arrivals in outcome["arrivals"] for name, at in zip(outcome["names"], arrivals, strict=True)
    ]
    lost = len(sent) * followers.number - len(latencies)
    what = f"{followers.number} clients, {scale.changes_per_second} changes/s, POST to client"
    bars = {50: "", 95: "", 99: "at most 500"}
    rows = [[f"{what}, p{rank} ms", milliseconds(percentile(latencies, rank)), bars[rank]] for rank in bars]
    return [*rows, ["the same: numbers missing, messages missing", f"{outcome['gaps']}, {lost}", "0, 0"]]


def post_steadily(server: ArgusServer, token: str, rate: int, seconds: float) -> dict[str, float]:
    """Post so many incidents per second; return when each was sent off, by its source_incident_id."""
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


def measure_cost(client, pushing: ArgusServer, silent: ArgusServer, accounts, scale: Scale) -> list[list]:
    """Compare the rate of ingest of a server that pushes with that of one that does not; they take turns."""
    rows = []
    for number in (0, scale.few_followers):
        rates: list[list[float]] = [[], []]
        with following(pushing, accounts.operator, number):
            for _ in range(scale.ingest_rounds + 1):
                for server, some in zip((silent, pushing), rates, strict=True):
                    first = next(blocks) * BLOCK
                    token = accounts.sources[0]["token"]
                    some.append(ingest(client, server.port, token, scale.ingest_seconds, first=first))
        ratio = median(rates[1][1:]) / median(rates[0][1:])
        rows.append([f"ingest while {number} clients follow, to ingest without pushing", times(ratio), ""])
    return rows
