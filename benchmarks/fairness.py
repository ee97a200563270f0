"""What a source that posts now and then notices of one that floods the server."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median

from tests.servers import running_postgres

from .client import running_client
from .figures import milliseconds, percentile, times
from .ingest import INCIDENTS, Ingest, Series
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, prepare, running_argus

# The flood comes over so many connections, and begins before and ends after what it is to disturb (seconds).
FLOODING, MARGIN = 8, 0.5
# Between the posts of the polite source (seconds).
PAUSE = 0.05


def measure(scale: Scale) -> dict[str, Table]:
    """Measure the first source alone and during the flood, alternately, on a server with one process."""
    polite, beside, flood, flood_alone = (Series() for _ in range(4))
    with (
        running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres,
        running_client() as client,
        running_client() as rude_client,
    ):
        accounts, blocks = prepare(postgres.url, sources=2), count()
        with running_argus(postgres.url) as server:
            one, other = (
                Ingest(server, who, source["token"], scale, blocks)
                for who, source in zip((client, rude_client), accounts.sources, strict=True)
            )
            one.warm_up()
            flood_alone.add(other.run(INCIDENTS, connections=FLOODING, seconds=scale.fairness_seconds))
            for number in range(scale.ingest_rounds):
                progress(f"fairness: round {number + 1} of {scale.ingest_rounds}")
                polite.add(post_politely(one))
                post_beside(one, other, beside, flood)
    return {"fairness": table(polite, beside, flood, flood_alone)}


def post_politely(ingest: Ingest):
    """Post over one connection, with pauses."""
    return ingest.run(INCIDENTS, connections=1, seconds=ingest.scale.fairness_seconds, pause=PAUSE)


def post_beside(polite: Ingest, rude: Ingest, beside: Series, flood: Series) -> None:
    """Post with pauses while another source floods the server."""
    with ThreadPoolExecutor(1) as pool:
        seconds = polite.scale.fairness_seconds + 2 * MARGIN
        flooding = pool.submit(rude.run, INCIDENTS, connections=FLOODING, seconds=seconds)
        time.sleep(MARGIN)
        beside.add(post_politely(polite))
        flood.add(flooding.result())


def table(polite: Series, beside: Series, flood: Series, flood_alone: Series) -> Table:
    """Compare."""
    rows = []
    for rank in (50, 95):
        quiet, disturbed = (percentile(series.latencies, rank) for series in (polite, beside))
        rows.append([f"polite source alone, p{rank} ms", milliseconds(quiet), ""])
        rows.append([f"beside the flood, p{rank} ms", milliseconds(disturbed), ""])
        rows.append([f"ratio of p{rank}", times(disturbed / quiet), "at most 1.50" if rank == 95 else ""])
    rows.append(["flood alone, incidents /s", f"{median(flood_alone.rates):.0f}", ""])
    rows.append(["flood beside the polite source, incidents /s", f"{median(flood.rates):.0f}", ""])
    return Table(["What", "measured", "bar"], rows)
