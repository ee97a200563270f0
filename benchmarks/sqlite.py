"""Many writers on the embedded default (SQLite): no request may fail."""

import tempfile
from pathlib import Path

from .client import running_client
from .figures import milliseconds, percentile
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import prepare, running_argus

LOCKED = "database is locked"


def measure(scale: Scale) -> dict[str, Table]:
    """Let writers POST incidents for some time; count errors."""
    with tempfile.TemporaryDirectory(prefix="argus-benchmark-") as folder, running_client() as client:
        url = f"sqlite:///{Path(folder) / 'argus.sqlite3'}"
        token = prepare(url).sources[0]["token"]
        with running_argus(url) as server:
            progress(f"sqlite: {scale.writers} writers for {scale.sqlite_seconds:.0f} s")
            job = Job(
                port=server.port,
                token=token,
                seconds=scale.sqlite_seconds,
                connections=scale.writers,
                post_to="/api/v1/incidents/",
            )
            outcome = client.run(job, strict=False)
            locked = server.log.read_text(errors="replace").count(LOCKED)
    return {"sqlite": describe(scale, outcome, locked)}


def describe(scale: Scale, outcome, locked: int) -> Table:
    """Return a table with one row."""
    failed = sum(number for status, number in outcome.statuses.items() if not status.startswith("2"))
    latencies = [milliseconds(percentile(outcome.latencies, rank)) for rank in (50, 99, 100)]
    rate = f"{len(outcome.latencies) / outcome.elapsed:.0f}"
    titles = ["Writers", "seconds", "incidents", "incidents /s", "p50 ms", "p99 ms", "max ms", "not 2xx", f'"{LOCKED}"']
    row = [scale.writers, f"{outcome.elapsed:.0f}", len(outcome.latencies), rate, *latencies, failed, locked]
    return Table(titles, [row])
