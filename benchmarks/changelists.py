"""Duration of the admin's lists, on the databases of ``lists`` and ``alerts``."""

from dataclasses import dataclass
from urllib.parse import quote

from .client import LoadClient, ask
from .facts import Facts
from .figures import AtSize, growth_of, milliseconds, percentile
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import ArgusServer

# The start of a row in Django's markup. The header row has a line break there.
ROW = b"<tr><t"


def paths_of(facts: Facts) -> dict[str, str]:
    """Return paths by name. The names are the same for every database."""
    incidents, deliveries = "argus_incident/", "argus_notificationprofile/delivery/"
    quietest, tag = facts.source_ids[-1], quote(facts.common_tags["problem_type"])
    asked = {
        "incidents": f"{incidents}incident/",
        "incidents, page 5": f"{incidents}incident/?p=5",
        "incidents, open": f"{incidents}incident/?open=1",
        "incidents, of the quietest source": f"{incidents}incident/?source__id__exact={quietest}",
        "incidents, with a common tag": f"{incidents}incident/?q={tag}",
        "incidents, with a word": f"{incidents}incident/?q=router-77",
        "events": f"{incidents}event/",
        "events, ends": f"{incidents}event/?type__exact=END",
        "events, acks of the quietest source": (
            f"{incidents}event/?type__exact=ACK&incident__source__id__exact={quietest}"
        ),
        "events, with a word": f"{incidents}event/?q=router-77",
        "acknowledgements": f"{incidents}acknowledgement/",
        "tags, with a word": f"{incidents}tag/?q=host-77",
        "deliveries": deliveries,
        "deliveries, failed": f"{deliveries}?verdict__exact=failed",
        "deliveries, for a reason, by mail": f"{deliveries}?reason__exact=outside+timeslot&medium__exact=EM",
        "deliveries, to a user": f"{deliveries}?q=operator",
        "deliveries, with a word": f"{deliveries}?q=person77",
    }
    return {name: f"/admin/{path}" for name, path in asked.items()}


ALERTS = {
    "alerts": "",
    "alerts, open": "open=1",
    "alerts, acknowledged": "acked=1",
    "alerts, errors on clouds": "severity=Error&scope_type=cloud",
    "alerts, of a type": "q=type77",
}


@dataclass
class Page:
    """Measurement of a list: latencies, and the rows and queries of one response."""

    latencies: list[float]
    rows: int
    queries: int

    @property
    def p50(self) -> float:
        return percentile(self.latencies, 50)


def measure(sites: list, client: LoadClient, scale: Scale, *, session: str) -> Table:
    """Measure each list at each size; return one row for each list. ``sites`` come from ``lists``."""
    progress("lists: the admin")
    paths = [paths_of(site.facts) for site in sites]
    rows = []
    for name in paths[-1]:
        pages = [
            ask_for(site.server, client, of_site[name], scale, session=session)
            for site, of_site in zip(sites, paths, strict=True)
        ]
        rows.append(describe(name, [site.facts.size for site in sites], pages))
    sizes = [f"p50 {site.facts.size:,}" for site in sites]
    return Table(["Milliseconds", *sizes, f"p95 {sites[-1].facts.size:,}", "growth", "queries", "rows"], rows)


def ask_for(server: ArgusServer, client: LoadClient, path: str, scale: Scale, *, session: str) -> Page:
    """Send one request to warm up and count rows and queries, then repeat it for some time."""
    answer, queries = ask(server.url, path, session=session)
    requests = [("GET", path, None)]
    job = Job(port=server.port, token="", session=session, seconds=scale.list_seconds, requests=requests)
    return Page(client.run(job).latencies, answer.count(ROW), queries)


def describe(name: str, sizes: list[int], pages: list[Page]) -> list:
    """Return the cells of one list. An exclamation mark shows that the growth exceeds its limit."""
    last = pages[-1]
    growth = growth_of([AtSize(size, page.p50, page.rows) for size, page in zip(sizes, pages, strict=True)])
    p95 = milliseconds(percentile(last.latencies, 95))
    return [name, *(milliseconds(page.p50) for page in pages), p95, growth, last.queries, last.rows]


def measure_alerts(server: ArgusServer, client: LoadClient, scale: Scale, *, session: str) -> Table:
    """Measure the lists of alerts; return one row for each."""
    progress("alerts: the admin")
    rows = []
    for name, query in ALERTS.items():
        page = ask_for(server, client, f"/admin/argus_alert/alert/?{query}", scale, session=session)
        p95 = milliseconds(percentile(page.latencies, 95))
        rows.append([name, milliseconds(page.p50), p95, page.queries, page.rows])
    return Table(["Milliseconds", "p50", "p95", "queries", "rows"], rows)
