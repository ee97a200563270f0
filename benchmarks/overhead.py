"""Cost of one request before Argus does anything: authenticated GETs beside a bare view, on the same server."""

import json
from dataclasses import dataclass, field

from tests.servers import running_postgres

from .client import LoadClient, ask, running_client
from .figures import milliseconds, percentile, times
from .ingest import BULK
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ArgusServer, prepare, running_argus
from .workload import incident_body

BARE = "bare view: token looked up, no other query"
PATHS = {
    "plain view: no authentication, no query": "/bare/plain/",
    BARE: "/bare/",
    "own account": "/api/v1/auth/user/",
    "one incident": "/api/v1/incidents/{pk}/",
    "page of 20 incidents": "/api/v1/incidents/?page_size=20",
}
CONNECTIONS = (1, 8)


@dataclass
class Case:
    """A path and what was measured, by number of connections."""

    path: str
    queries: int
    latencies: dict[int, list[float]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)

    def rate(self, connections: int) -> float:
        """Return requests a second."""
        return len(self.latencies[connections]) / self.seconds[connections]


def measure(scale: Scale) -> dict[str, Table]:
    """Send GETs of each kind in turn, so that a busy machine slows all kinds alike."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        accounts = prepare(postgres.url)
        source = accounts.sources[0]["token"]
        with running_argus(postgres.url) as server:
            body = {"incidents": [incident_body(number) for number in range(100)]}
            ask(server.url, BULK, source, method="POST", body=body)
            pk = json.loads(ask(server.url, PATHS["page of 20 incidents"], source)[0])["results"][0]["pk"]
            cases = {
                name: Case(path.format(pk=pk), ask(server.url, path.format(pk=pk), source)[1])
                for name, path in PATHS.items()
            }
            for number in range(scale.overhead_rounds):
                progress(f"overhead: round {number + 1} of {scale.overhead_rounds}")
                measure_round(client, server, source, cases, scale.overhead_seconds)
    return {"overhead": describe(cases)}


def measure_round(client: LoadClient, server: ArgusServer, token: str, cases: dict[str, Case], seconds: float) -> None:
    """Measure every case once at each number of connections."""
    for connections in CONNECTIONS:
        for case in cases.values():
            requests = [("GET", case.path, None)]
            job = Job(port=server.port, token=token, seconds=seconds, connections=connections, requests=requests)
            outcome = client.run(job)
            case.latencies.setdefault(connections, []).extend(outcome.latencies)
            case.seconds[connections] = case.seconds.get(connections, 0.0) + outcome.elapsed


def describe(cases: dict[str, Case]) -> Table:
    """Return one row for each case, compared with the bare view."""
    one, many = CONNECTIONS
    baseline = cases[BARE]
    rows = []
    for name, case in cases.items():
        p50, p95 = (percentile(case.latencies[one], rank) for rank in (50, 95))
        ratio = p50 / percentile(baseline.latencies[one], 50)
        rate = case.rate(many)
        cells = [milliseconds(p50), milliseconds(p95), times(ratio), f"{rate:.0f}", times(rate / baseline.rate(many))]
        rows.append([name, case.queries, *cells])
    titles = ["GET", "queries", "p50 ms", "p95 ms", "ratio to bare", f"/s at {many} connections", "ratio of rates"]
    return Table(titles, rows)
