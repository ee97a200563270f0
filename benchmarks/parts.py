"""What of a request's time is spent where: in PostgreSQL, in Django, in REST framework, in Argus itself."""

from tests.servers import running_postgres

from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, prepare, said_by


def measure(scale: Scale) -> dict[str, Table]:
    """Profile requests one after the other in a process without a server: what HTTP and threads take is not in it."""
    progress(f"parts: {scale.profiled} requests of each kind")
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres:
        token = prepare(postgres.url).sources[0]["token"]
        kinds = said_by("profiling", token, scale.profiled, database_url=postgres.url)
    return {"parts": table(kinds)}


def table(kinds: dict[str, dict]) -> Table:
    """Give each part its share of what the profiler has seen, and the time of a request without it."""
    parts = sorted({part for kind in kinds.values() for part in kind["parts"]})
    totals = {name: sum(kind["parts"].values()) for name, kind in kinds.items()}
    rows = [[part, *(f"{kinds[name]['parts'].get(part, 0) / totals[name]:.0%}" for name in kinds)] for part in parts]
    rows.append(["a request, ms", *(f"{kind['plain']:.2f}" for kind in kinds.values())])
    rows.append(["a request with the profiler, ms", *(f"{kind['profiled']:.2f}" for kind in kinds.values())])
    return Table(["Where the time goes", *kinds], rows)
