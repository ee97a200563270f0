"""Duration of lists at different numbers of incidents, compared with two baselines.

One is a SELECT of the same rows. The other is a view of REST framework that selects the same rows with their tags and
renders them unchanged.
"""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

import psycopg2

from tests.servers import running_postgres

from . import changelists, deliveries_dataset
from .cases import Case, find_cases
from .client import LoadClient, ask, running_client
from .dataset import load
from .events import NAMES, open_incidents, post_events
from .facts import SAME_ROWS, Facts, find_facts
from .figures import AtSize, growth_of, milliseconds, percentile, times
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, Accounts, ArgusServer, prepare, running_argus

SOURCES = 30
BASELINE_RUNS = 15
# Limits: queries of a page, and the ratio of its p50 to that of the bare view.
MAX_QUERIES, MAX_BARE_VIEW_RATIO = 4, 3.0
PAGE = 100
BARE_LIST = "/bare/list/"


@dataclass
class Measured:
    """A case at one size: latencies, those of its baselines, rows and queries of one response."""

    paths: list[str]
    token: str
    pks: list[int]
    queries: int
    latencies: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    bare_view: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return percentile(self.latencies, 50)

    @property
    def is_page(self) -> bool:
        return bool(self.paths) and len(self.pks) <= PAGE


@dataclass
class Site:
    """A database of some size, a server on it, and its measurements."""

    server: ArgusServer
    facts: Facts
    accounts: Accounts
    cases: list[Case]
    measured: dict[str, Measured] = field(default_factory=dict)

    def begin(self, case: Case) -> None:
        """Send one request, to warm up and to learn its rows and queries."""
        token = self.accounts.sources[5]["token"] if case.by_source else self.accounts.operator
        for path in case.paths[::-1]:
            answer, queries = ask(self.server.url, path, token)
        self.measured[case.name] = Measured(case.paths, token, pks_in(json.loads(answer)), queries)

    def measure(self, case: Case, client: LoadClient, seconds: float) -> None:
        """Repeat the case for some time, and the baseline a few times."""
        measured = self.measured[case.name]
        requests = [("GET", path, None) for path in measured.paths]
        job = Job(port=self.server.port, token=measured.token, seconds=seconds, requests=requests)
        measured.latencies += client.run(job).latencies
        if measured.is_page and measured.pks:
            bare = f"{BARE_LIST}?pks={','.join(map(str, measured.pks))}"
            beside = replace(job, seconds=seconds / 4, requests=[("GET", bare, None)])
            measured.bare_view += client.run(beside).latencies
        with self.facts.connection.cursor() as cursor:
            for _ in range(BASELINE_RUNS):
                start = perf_counter()
                cursor.execute(SAME_ROWS, [measured.pks])
                cursor.fetchall()
                measured.baseline.append(perf_counter() - start)

    def measure_events(self, name: str, client: LoadClient, ids: list[int]) -> None:
        """Acknowledge or close the incidents."""
        latencies, queries = post_events(client, self.server, self.accounts.operator, name, ids)
        self.measured[name] = Measured([], "", [], queries, latencies)


def pks_in(answer) -> list[int]:
    """Return the pks of the incidents in a response: a page, an array or an object."""
    if isinstance(answer, dict):
        answer = answer.get("results", [answer])
    return [row.get("incident") or row.get("event", row).get("incident") or row["pk"] for row in answer]


def measure(scale: Scale) -> dict[str, Table]:
    """Measure every case at every size, alternating between the sizes."""
    settings = POSTGRES_SETTINGS
    with running_postgres(durable=True, **settings) as postgres, running_client() as client, ExitStack() as stack:
        accounts = prepare(postgres.url, sources=SOURCES)
        sites = [stack.enter_context(running_site(postgres.url, size, accounts)) for size in scale.sizes]
        measure_cases(sites, client, scale)
        pages = changelists.measure(sites, client, scale, session=accounts.session)
        measure_all_events(sites, client, scale)
    return {"lists": describe(sites), "admin": pages}


@contextmanager
def running_site(postgres_url: str, size: int, accounts: Accounts):
    """Run a ``Site`` with ``size`` incidents, in a copy of the prepared database."""
    progress(f"lists: loading {size} incidents")
    server_url, _, prepared = postgres_url.rpartition("/")
    connection = psycopg2.connect(f"{server_url}/template1")
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE incidents{size} TEMPLATE {prepared}")
    connection.close()
    database_url = f"{server_url}/incidents{size}"
    load(database_url, size, accounts)
    deliveries_dataset.load(database_url)
    facts = find_facts(database_url, size)
    with running_argus(database_url) as server:
        yield Site(server, facts, accounts, find_cases(server.url, accounts.operator, facts))
        facts.connection.close()


def measure_cases(sites: list[Site], client: LoadClient, scale: Scale) -> None:
    """Measure each case at each size, then repeat the whole round."""
    for site in sites:
        for case in site.cases:
            site.begin(case)
    for number in range(scale.list_rounds):
        progress(f"lists: round {number + 1} of {scale.list_rounds}")
        for of_all_sizes in zip(*(site.cases for site in sites), strict=True):
            for site, case in zip(sites, of_all_sizes, strict=True):
                site.measure(case, client, scale.list_seconds)


def measure_all_events(sites: list[Site], client: LoadClient, scale: Scale) -> None:
    """Acknowledge and close open incidents at each size. Runs last, because it changes them."""
    progress("lists: acks and closes")
    for site in sites:
        ids = open_incidents(site.server.database_url, len(NAMES) * scale.events)
        for number, name in enumerate(NAMES):
            site.measure_events(name, client, ids[number :: len(NAMES)])


def describe(sites: list[Site]) -> Table:
    """Return one row for each case. An exclamation mark shows that a limit is exceeded."""
    largest = sites[-1]
    titles = ["Milliseconds", *(f"p50 {site.facts.size:,}" for site in sites)]
    titles += [f"p95 {largest.facts.size:,}", "growth", "queries", "rows", "bare SELECT", "ratio"]
    titles += ["bare view", "ratio to it"]
    return Table(titles, [describe_case(name, sites) for name in largest.measured])


def describe_case(name: str, sites: list[Site]) -> list:
    """Return the cells of one case."""
    at_sizes = [(site.facts.size, site.measured[name]) for site in sites]
    last = sites[-1].measured[name]
    bare = percentile(last.baseline, 50) if last.baseline else None
    return [
        name,
        *(milliseconds(measured.p50) for _, measured in at_sizes),
        milliseconds(percentile(last.latencies, 95)),
        growth_of([AtSize(size, measured.p50, len(measured.pks)) for size, measured in at_sizes]),
        f"{last.queries}{' !' * (last.queries > MAX_QUERIES and last.is_page)}",
        len(last.pks) if bare else "",
        milliseconds(bare) if bare else "",
        times(last.p50 / bare) if bare else "",
        *beside_bare_view(last),
    ]


def beside_bare_view(last: Measured) -> list[str]:
    """Return the cells that compare a page with the bare view; empty for cases without that baseline."""
    if not last.bare_view:
        return ["", ""]
    bare = percentile(last.bare_view, 50)
    return [milliseconds(bare), f"{times(last.p50 / bare)}{' !' * (last.p50 > MAX_BARE_VIEW_RATIO * bare)}"]
