"""How long lists of the admin take, on the databases of the lists of incidents."""

from urllib.parse import quote

from .client import LoadClient, ask
from .facts import Facts
from .figures import milliseconds, percentile, spell_growth
from .load import Job
from .report import Table, progress
from .scale import Scale


def paths_of(facts: Facts) -> dict[str, str]:
    """Return what is asked for, by what it is called; the names are the same for every database."""
    quietest, tag = facts.source_ids[-1], quote(facts.common_tags["problem_type"])
    asked = {
        "incidents": "incident/",
        "incidents, page 5": "incident/?p=5",
        "incidents, open": "incident/?open=1",
        "incidents, of the quietest source": f"incident/?source__id__exact={quietest}",
        "incidents, with a common tag": f"incident/?q={tag}",
        "incidents, with a word": "incident/?q=router-77",
        "events": "event/",
        "events, ends": "event/?type__exact=END",
        "events, acks of the quietest source": f"event/?type__exact=ACK&incident__source__id__exact={quietest}",
        "events, with a word": "event/?q=router-77",
        "acknowledgements": "acknowledgement/",
        "tags, with a word": "tag/?q=host-77",
    }
    return {name: f"/admin/argus_incident/{path}" for name, path in asked.items()}


def measure(sites: list, client: LoadClient, scale: Scale, *, session: str) -> Table:
    """Measure each list at each size, in turns; ``sites`` are those of ``lists``. One row for each list."""
    progress("lists: the admin")
    paths = [paths_of(site.facts) for site in sites]
    rows = []
    for name in paths[-1]:
        at_sizes = [
            times_of(site.server, client, of_site[name], scale, session=session)
            for site, of_site in zip(sites, paths, strict=True)
        ]
        rows.append(describe(name, at_sizes, ask(sites[-1].server.url, paths[-1][name], session=session)[1]))
    sizes = [f"p50 {site.facts.size:,}" for site in sites]
    return Table(["Milliseconds", *sizes, f"p95 {sites[-1].facts.size:,}", "growth", "queries"], rows)


def times_of(server, client: LoadClient, path: str, scale: Scale, *, session: str) -> list[float]:
    """Ask once to warm up, then for some time; return the seconds that each took."""
    ask(server.url, path, session=session)
    requests = [("GET", path, None)]
    job = Job(port=server.port, token="", session=session, seconds=scale.list_seconds, requests=requests)
    return client.run(job).latencies


def describe(name: str, at_sizes: list[list[float]], queries: int) -> list:
    """Put one list into cells; growth beyond the bar is marked with an exclamation mark."""
    p50 = [percentile(latencies, 50) for latencies in at_sizes]
    p95 = milliseconds(percentile(at_sizes[-1], 95))
    return [name, *map(milliseconds, p50), p95, spell_growth(p50[-1] / p50[0]), queries]
