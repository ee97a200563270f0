"""What it costs to watch the server: lines in its log, and figures that are asked for."""

import threading
from contextlib import contextmanager, nullcontext
from itertools import count
from statistics import median

from tests.servers import running, running_postgres

from .client import running_client, scrape
from .figures import times
from .ingest import INCIDENTS, Ingest, Series
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ArgusServer, prepare

CONNECTIONS = 4
# How often the figures are asked for (seconds); Prometheus does so every 15 or 60.
PACE = 1.0


def measure(scale: Scale) -> dict[str, Table]:
    """Compare the rates of servers that tell more and less, which take turns."""
    series = {name: Series() for name in ("silent", "lines", "JSON", "scraped")}
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        token, blocks = prepare(postgres.url).sources[0]["token"], count()
        with (
            running(ArgusServer(postgres.url)) as silent,
            running(ArgusServer(postgres.url, ARGUS_LOG_LEVEL="INFO")) as lines,
            running(ArgusServer(postgres.url, ARGUS_LOG_LEVEL="INFO", ARGUS_LOG_FORMAT="JSON")) as json,
        ):
            servers = {"silent": silent, "lines": lines, "JSON": json, "scraped": silent}
            ingests = {name: Ingest(server, client, token, scale, blocks) for name, server in servers.items()}
            for ingest in ingests.values():
                ingest.warm_up()
            for number in range(scale.ingest_rounds):
                progress(f"watching: round {number + 1} of {scale.ingest_rounds}")
                for name, ingest in ingests.items():
                    with scraping(servers[name].url) if name == "scraped" else nullcontext():
                        series[name].add(ingest.run(INCIDENTS, connections=CONNECTIONS, seconds=scale.ingest_seconds))
    rates = {name: median(one.rates) for name, one in series.items()}
    rows = [["incidents /s, only warnings in the log", f"{rates['silent']:.0f}"]]
    titles = {
        "lines": "with a line for each request and change, ratio",
        "JSON": "with these lines in JSON, ratio",
        "scraped": "only warnings, /metrics asked for every second, ratio",
    }
    rows += [[title, times(rates[name] / rates["silent"])] for name, title in titles.items()]
    return {"watching": Table(["What", "measured"], rows)}


@contextmanager
def scraping(url: str):
    """A block during which the server's figures are asked for again and again."""
    is_over = threading.Event()

    def ask_on():
        while not is_over.wait(PACE):
            scrape(url)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
