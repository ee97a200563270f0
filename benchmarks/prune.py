"""Rate of ``manage.py prune``, and its effect on sources that post meanwhile."""

import re
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from statistics import median
from time import perf_counter

from tests.servers import running_postgres

from .client import running_client
from .dataset import load
from .figures import milliseconds, percentile, times
from .ingest import INCIDENTS, Ingest, Series
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ROOT, environment, prepare, running_argus

SOURCES, CONNECTIONS, DAYS = 30, 4, 30


def measure(scale: Scale) -> dict[str, Table]:
    """Measure posts before and during the pruning of most of the database."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        accounts = prepare(postgres.url, sources=SOURCES)
        progress(f"prune: loading {scale.pruned} incidents")
        load(postgres.url, scale.pruned, accounts)
        with running_argus(postgres.url) as server:
            ingest = Ingest(server, client, accounts.sources[0]["token"], scale, count(100))
            ingest.warm_up()
            alone = post(ingest, scale.ingest_rounds)
            with pruning(postgres.url) as process:
                beside = post(ingest, scale.ingest_rounds)
                lasted = process.poll() is None
                speed = follow(process)
    rates = [median(series.rates) for series in (alone, beside)]
    p95 = [milliseconds(percentile(series.latencies, 95)) for series in (alone, beside)]
    rows = [
        ["incidents /s, alone", f"{rates[0]:.0f}"],
        ["incidents /s, while it prunes", f"{rates[1]:.0f}"],
        ["ratio", times(rates[1] / rates[0]) if lasted else "(pruning ended too soon)"],
        ["p95 ms, alone", p95[0]],
        ["p95 ms, while it prunes", p95[1]],
        ["incidents pruned /s", f"{speed:.0f}"],
    ]
    return {"prune": Table([f"Pruning {scale.pruned:,} incidents", "measured"], rows)}


def post(ingest: Ingest, rounds: int) -> Series:
    """Post incidents for some rounds."""
    series = Series()
    for _ in range(rounds):
        series.add(ingest.run(INCIDENTS, connections=CONNECTIONS, seconds=ingest.scale.ingest_seconds))
    return series


@contextmanager
def pruning(database_url: str):
    """Run ``manage.py prune`` until the block ends."""
    command = [sys.executable, str(ROOT / "manage.py"), "prune", f"--days={DAYS}"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=environment(database_url)) as process:
        process.began = perf_counter()
        yield process
        process.kill()


def follow(process: subprocess.Popen) -> float:
    """Wait until all incidents are pruned; return how many were deleted a second."""
    for line in process.stdout:
        if done := re.fullmatch(r"incidents: (\d+) deleted\n", line):
            return int(done[1]) / (perf_counter() - process.began)
    raise RuntimeError("prune failed")
