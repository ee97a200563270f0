"""Rate of single incidents, compared with a view that does one INSERT on the same server."""

from dataclasses import dataclass, field
from itertools import count
from statistics import median

from tests.servers import running_postgres

from .client import LoadClient, ask, running_client
from .events import measure_events, open_incidents
from .figures import milliseconds, percentile, times
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ArgusServer, prepare, running_argus
from .workload import incident_body

INCIDENTS, BULK, BASELINE = "/api/v1/incidents/", "/api/v1/incidents/bulk/", "/bare/"
# The largest list that one request may contain.
AT_ONCE = 1_000
# Every round gets its own block of numbers, so that no incident is posted twice.
BLOCK = 100_000


@dataclass
class Series:
    """Rounds of one kind: the rate of each, and all latencies."""

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def add(self, outcome) -> None:
        self.rates.append(len(outcome.latencies) / outcome.elapsed)
        self.latencies += outcome.latencies


def count_queries(url: str, token: str, number: int) -> int:
    """Return the number of queries of one POST whose tags all exist."""
    for source_id in (f"first-{number}", f"second-{number}"):
        body = incident_body(number) | {"source_incident_id": source_id}
        _, queries = ask(url, INCIDENTS, token, method="POST", body=body)
    return queries


class Ingest:
    """Rounds against one server, on a PostgreSQL that syncs every commit to the disk."""

    def __init__(self, server: ArgusServer, client: LoadClient, token: str, scale: Scale, blocks):
        self.server, self.client, self.token, self.scale = server, client, token, scale
        self.blocks = blocks

    def run(self, path: str, *, connections: int, seconds: float, pause: float = 0):
        """POST incidents to the path for some time, with pauses on each connection."""
        job = Job(
            port=self.server.port,
            token=self.token,
            seconds=seconds,
            connections=connections,
            pause=pause,
            post_to=path,
            first=next(self.blocks) * BLOCK,
        )
        return self.client.run(job)

    def warm_up(self) -> None:
        """Open the server's connections to the database and make the well-known tags known."""
        for start in range(0, self.scale.known_incidents, AT_ONCE):
            first, number = next(self.blocks) * BLOCK, min(AT_ONCE, self.scale.known_incidents - start)
            body = {"incidents": [incident_body(first + offset) for offset in range(number)]}
            ask(self.server.url, BULK, self.token, method="POST", body=body)
        for path in (BASELINE, INCIDENTS):
            self.run(path, connections=max(self.scale.concurrencies), seconds=self.scale.warm_up_seconds)

    def measure(self, connections: int) -> list[Series]:
        """Measure baseline and incidents in pairs of short rounds; each is first in every other pair.

        The speed of a shared machine changes within seconds. Short rounds let both meet the same conditions.
        """
        series = [Series(), Series()]
        for number in range(self.scale.ingest_pairs):
            pair = list(zip((BASELINE, INCIDENTS), series, strict=True))
            for path, one in pair if number % 2 else pair[::-1]:
                one.add(self.run(path, connections=connections, seconds=self.scale.pair_seconds))
        return series


def measure(scale: Scale, *, kinds: list[str]) -> dict[str, Table]:
    """Measure POSTs at each concurrency on each kind of server, then acks and closes on the last one."""
    rows, blocks = [], count()
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        accounts = prepare(postgres.url)
        for kind in kinds:
            progress(f"ingest: {kind} starts")
            with running_argus(postgres.url, kind) as server:
                ingest = Ingest(server, client, accounts.sources[0]["token"], scale, blocks)
                rows += measure_server(ingest, kind)
                if kind == kinds[-1]:
                    ids = open_incidents(postgres.url, 2 * scale.events)
                    events = measure_events(client, server, accounts.operator, ids)
    titles = ["Server, connections", "one INSERT /s", "incidents /s", "ratio", "queries", "p50 ms", "p95 ms", "p99 ms"]
    return {"ingest": Table(titles, rows), "events": events}


def measure_server(ingest: Ingest, kind: str) -> list[list]:
    """Return a row for each concurrency."""
    ingest.warm_up()
    queries = count_queries(ingest.server.url, ingest.token, next(ingest.blocks) * BLOCK + 1)
    rows = []
    for connections in ingest.scale.concurrencies:
        baseline, incidents = ingest.measure(connections)
        rates = [median(baseline.rates), median(incidents.rates)]
        progress(f"ingest: {connections} connections: {rates[0]:.0f} INSERTs/s, {rates[1]:.0f} incidents/s")
        latencies = [milliseconds(percentile(incidents.latencies, rank)) for rank in (50, 95, 99)]
        ratio = median(mine / bare for bare, mine in zip(baseline.rates, incidents.rates, strict=True))
        cells = [*(f"{rate:.0f}" for rate in rates), times(ratio)]
        rows.append([f"{kind}, {connections}", *cells, queries, *latencies])
    return rows
