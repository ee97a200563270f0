"""Processor time of one request: web processes and PostgreSQL together, beside a view that does nothing.

Processor time is less sensitive to other load on the machine than rates are. The ratio to the plain view (no REST
framework, no authentication, no query) compares machines.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from statistics import median

import psutil

from tests.servers import running_postgres

from .client import LoadClient, ask, running_client
from .dataset import load
from .events import open_incidents, requests_for
from .facts import LIST, find_facts
from .figures import milliseconds, times
from .ingest import BULK, INCIDENTS
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, Accounts, ArgusServer, prepare, running_argus
from .workload import incident_body

CONNECTIONS = 4
SOURCES = 30
PREVIEW = "/api/v1/notificationprofiles/filterpreview/"
PLAIN = "plain view: no authentication, no query"
Request = tuple[str, str, dict | None]


@dataclass
class Case:
    """A kind of request, its requests for one round, and what was measured in each round."""

    requests: Callable[[], list[Request]]
    by_source: bool = False
    # Requests that can be sent only once: they change what they are about.
    once: bool = False
    # What one request does so many times, for example an incident of a list.
    units: int = 1
    queries: int = 0
    web: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Return the median of the seconds of processor time."""
        return median(map(sum, zip(self.web, self.database, strict=True)))


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and all of its descendants, also of those that have ended."""
    parent = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:4]) for one in [parent, *parent.children(recursive=True)])


def measure(scale: Scale) -> dict[str, Table]:
    """Send requests of each kind in turn to gunicorn, on the smallest data set."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        accounts = prepare(postgres.url, sources=SOURCES)
        load(postgres.url, scale.sizes[0], accounts)
        with running_argus(postgres.url, "gunicorn") as server:
            cases = find_cases(server, accounts, scale)
            for number in range(scale.cpu_rounds + 1):
                progress(f"cpu: round {number} of {scale.cpu_rounds}")
                for case in cases.values():
                    # Round 0 warms up: connections, prepared code, caches.
                    measure_round(case, client, server, postgres.process.pid, accounts, scale, keep=number > 0)
    return {"cpu": describe(cases)}


def find_cases(server: ArgusServer, accounts: Accounts, scale: Scale) -> dict[str, Case]:
    """Return the cases. Acks and closes get open incidents of their own."""
    facts = find_facts(server.database_url, scale.sizes[0])
    tags = facts.common_tags
    numbers = count(10_000_000)
    bulk = [{"incidents": [incident_body(next(numbers)) for _ in range(100)]} for _ in range(events_needed(scale))]
    for body in bulk:
        ask(server.url, BULK, accounts.sources[0]["token"], method="POST", body=body)
    unacked = iter(open_incidents(server.database_url, 100 * len(bulk)))

    def get(path: str) -> Case:
        return Case(lambda: [("GET", path, None)])

    def events(name: str) -> Case:
        return Case(lambda: requests_for(name, list(islice(unacked, scale.events))), once=True)

    def incidents() -> list[Request]:
        return [("POST", INCIDENTS, incident_body(next(numbers))) for _ in range(scale.events)]

    def lists() -> list[Request]:
        bodies = [
            {"incidents": [incident_body(next(numbers)) for _ in range(100)]} for _ in range(scale.events // 10 + 1)
        ]
        return [("POST", BULK, body) for body in bodies]

    preview = {"sourceSystemIds": [], "tags": []}
    return {
        PLAIN: get("/bare/plain/"),
        "bare view: token looked up, no other query": get("/bare/"),
        "own account": get("/api/v1/auth/user/"),
        "one incident": get(f"{LIST}{facts.newest[0]}/"),
        "page of 100": get(f"{LIST}?page_size=100"),
        "page of 100, two common tag keys": get(f"{LIST}?page_size=100&tags={tags['location']},{tags['problem_type']}"),
        "new incident with four tags": Case(incidents, by_source=True, once=True),
        "ack": events("ack"),
        "close": events("close"),
        "bulk by 100, per incident": Case(lists, by_source=True, once=True, units=100),
        f"filter preview of {scale.sizes[0]:,} incidents": Case(lambda: [("POST", PREVIEW, preview)]),
    }


def events_needed(scale: Scale) -> int:
    """Return how many lists of 100 incidents suffice for the acks and closes of all rounds."""
    return 2 * (scale.cpu_rounds + 2) * scale.events // 100 + 1


def measure_round(
    case: Case,
    client: LoadClient,
    server: ArgusServer,
    database_pid: int,
    accounts: Accounts,
    scale: Scale,
    *,
    keep: bool,
) -> None:
    """Send the requests of one round; note the processor time of each part per unit."""
    token = accounts.sources[0]["token"] if case.by_source else accounts.operator
    (method, path, body), *others = case.requests()
    _, case.queries = ask(server.url, path, token, method=method, body=body)
    job = Job(
        port=server.port,
        token=token,
        seconds=60 if case.once else scale.cpu_seconds,
        connections=CONNECTIONS,
        requests=others or [(method, path, body)],
        repeat=not case.once,
    )
    pids = (server.process.pid, database_pid)
    before = [processor_seconds(pid) for pid in pids]
    outcome = client.run(job)
    spent = [processor_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]
    if keep:
        units = len(outcome.latencies) * case.units
        case.web.append(spent[0] / units)
        case.database.append(spent[1] / units)
        case.rates.append(units / outcome.elapsed)


def describe(cases: dict[str, Case]) -> Table:
    """Return one row for each case, compared with the plain view."""
    plain = cases[PLAIN].total
    titles = [
        "Request",
        "queries",
        "web ms",
        "PostgreSQL ms",
        "together ms",
        "ratio to plain view",
        "/s, 4 connections",
    ]
    return Table(titles, list(describe_cases(cases, plain)))


def describe_cases(cases: dict[str, Case], plain: float) -> Iterator[list]:
    """Yield the cells of each case."""
    for name, case in cases.items():
        parts = [milliseconds(median(part)) for part in (case.web, case.database)]
        yield [
            name,
            case.queries,
            *parts,
            milliseconds(case.total),
            times(case.total / plain),
            f"{median(case.rates):.0f}",
        ]
