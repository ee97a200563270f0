"""Rate of incidents in lists of 100 and 1 000, and the duration of an open-set request."""

from collections.abc import Iterator
from itertools import count
from statistics import median
from time import perf_counter

import requests

from tests.servers import running_postgres

from .client import ask
from .figures import milliseconds, times
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, prepare, running_argus
from .workload import incident_body

INCIDENTS = "/api/v1/incidents/"
BULK, OPEN_SET = f"{INCIDENTS}bulk/", f"{INCIDENTS}mine/open-set/"


def measure(scale: Scale) -> dict[str, Table]:
    """Alternate single incidents and lists, then send open sets, on ``manage.py serve``."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres:
        token = prepare(postgres.url).sources[0]["token"]
        with running_argus(postgres.url, "serve") as server:
            # Open sets come first: each closes all other incidents of the source.
            open_set = set_rows(server.url, token, scale)
            rows = [*post_rows(server.url, token, scale), *open_set]
    return {"bulk": Table(["What", "measured", "bar", "queries"], rows)}


class Poster:
    """One keep-alive connection of a source. Bodies are built before the time is taken."""

    def __init__(self, url: str, token: str):
        self.url, self.session = url, requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"

    def seconds_for(self, method: str, path: str, bodies: list) -> float:
        """Send the bodies one after the other; raise ``HTTPError`` unless the status is 2xx."""
        began = perf_counter()
        for body in bodies:
            self.session.request(method, f"{self.url}{path}", json=body, timeout=300).raise_for_status()
        return perf_counter() - began


def new_incidents(numbers: Iterator[int], how_many: int) -> list[dict]:
    """Return bodies of incidents that do not exist yet."""
    return [incident_body(next(numbers)) for _ in range(how_many)]


def post_rows(url: str, token: str, scale: Scale) -> list[list]:
    """Return the median rates of single incidents, lists of 100 and lists of 1 000."""
    poster, numbers = Poster(url, token), count(scale.open_set * 2)
    sizes, rates = (1, 100, 1000), {1: [], 100: [], 1000: []}
    poster.seconds_for("POST", BULK, [{"incidents": new_incidents(numbers, 100)}])
    for _ in range(scale.bulk_rounds):
        for size in sizes:
            lists = [new_incidents(numbers, size) for _ in range(max(1, scale.bulk_incidents // size))]
            path, bodies = (
                (INCIDENTS, [one for [one] in lists]) if size == 1 else (BULK, [{"incidents": lst} for lst in lists])
            )
            rates[size].append(size * len(lists) / poster.seconds_for("POST", path, bodies))
    alone, hundred, thousand = (median(rates[size]) for size in sizes)
    progress(f"bulk: {alone:.0f}/s alone, {hundred:.0f}/s by the hundred, {thousand:.0f}/s by the thousand")
    queries = [
        ask(url, path, token, method="POST", body=body)[1]
        for path, body in (
            (INCIDENTS, incident_body(next(numbers))),
            (BULK, {"incidents": new_incidents(numbers, 100)}),
            (BULK, {"incidents": new_incidents(numbers, 1000)}),
        )
    ]
    return [
        ["incidents posted one by one /s", f"{alone:.0f}", "", queries[0]],
        ["in lists of 100 /s", f"{hundred:.0f}", "", queries[1]],
        ["lists of 100, ratio to one by one", times(hundred / alone), "at least 10", ""],
        ["in lists of 1 000 /s", f"{thousand:.0f}", "at least 1500", queries[2]],
    ]


def set_rows(url: str, token: str, scale: Scale) -> list[list]:
    """Return the durations of open sets: all new, unchanged, and with a tenth replaced."""
    poster, size = Poster(url, token), scale.open_set
    lists = {
        f"{size} incidents, all of them new, ms": range(size),
        "the same list again, ms": range(size),
        "a tenth of it closed, a tenth new, ms": range(size // 10, size + size // 10),
        "a tenth of it closed, a tenth reopened, ms": range(size),
    }
    rows = []
    for what, numbers in lists.items():
        body = {"incidents": [incident_body(number) for number in numbers]}
        seconds = poster.seconds_for("PUT", OPEN_SET, [body])
        queries = ask(url, OPEN_SET, token, method="PUT", body=body)[1] if "again" in what else ""
        rows.append([f"open set: {what}", milliseconds(seconds), "at most 2000" if "tenth" in what else "", queries])
        progress(f"bulk: {what.removesuffix(', ms')}: {seconds:.2f} s")
    return rows
