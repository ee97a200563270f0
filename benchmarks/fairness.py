"""What a polite source notices of one that floods the server, with the rate limits that the documentation recommends.

Measured directly at gunicorn with ARGUS_RATE_LIMIT, where the flood honours Retry-After, and behind the shipped nginx,
where it does not: nginx delays and refuses its requests by client address.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from tests.nginx import NGINX, Nginx
from tests.servers import running, running_postgres

from .client import LoadClient, running_client
from .figures import milliseconds, percentile, times
from .ingest import BLOCK, INCIDENTS, Series
from .load import Job, Outcome
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, prepare, running_argus

# The flood uses so many connections, and begins before what it disturbs (seconds).
FLOOD_CONNECTIONS, MARGIN = 8, 1.0
# Pause between the posts of the polite source (seconds).
PAUSE = 0.05
# As docs/reference/security.md recommends: what one source needs, for each of two processes.
RATE_LIMIT = 10
POLITE, FLOOD = "127.0.0.2", "127.0.0.3"
# No incident is posted twice.
BLOCKS = count()


class Sources:
    """A polite source and one that floods, at one server."""

    def __init__(self, port: int, tokens: list[str], polite: LoadClient, rude: LoadClient, *, seconds: float):
        self.port, self.tokens, self.seconds = port, tokens, seconds
        self.honours_retry_after = False
        self.polite, self.rude = polite, rude
        self.alone, self.beside = Series(), Series()
        self.accepted: list[float] = []

    def post_politely(self) -> Outcome:
        return self.polite.run(self.job(self.tokens[0], POLITE, seconds=self.seconds, pause=PAUSE))

    def flood(self, seconds: float) -> Outcome:
        values = {"connections": FLOOD_CONNECTIONS, "honours_retry_after": self.honours_retry_after}
        job = self.job(self.tokens[1], FLOOD, seconds=seconds, **values)
        return self.rude.run(job, strict=False)

    def job(self, token: str, address: str, **values) -> Job:
        first = next(BLOCKS) * BLOCK
        return Job(port=self.port, token=token, address=address, post_to=INCIDENTS, first=first, **values)

    def measure_round(self) -> None:
        """Post politely alone, then beside the flood."""
        self.alone.add(self.post_politely())
        with ThreadPoolExecutor(1) as pool:
            flooding = pool.submit(self.flood, self.seconds + 2 * MARGIN)
            time.sleep(MARGIN)
            self.beside.add(self.post_politely())
            flood = flooding.result()
        self.accepted.append(flood.statuses.get("201", 0) / flood.elapsed)

    def rows(self, name: str) -> list[list]:
        """Compare both situations."""
        rows = []
        for rank in (50, 95):
            alone, beside = (percentile(series.latencies, rank) for series in (self.alone, self.beside))
            rows.append([f"{name}: alone, p{rank} ms", milliseconds(alone), ""])
            rows.append([f"{name}: beside the flood, p{rank} ms", milliseconds(beside), ""])
            rows.append([f"{name}: ratio of p{rank}", times(beside / alone), "at most 1.50" if rank == 95 else ""])
        accepted = sum(self.accepted) / len(self.accepted)
        return [*rows, [f"{name}: accepted of the flood, incidents /s", f"{accepted:.0f}", ""]]


def measure(scale: Scale) -> dict[str, Table]:
    """Measure at gunicorn, and behind nginx if it is installed."""
    rows = []
    with (
        running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres,
        running_client() as polite,
        running_client() as rude,
    ):
        tokens = [source["token"] for source in prepare(postgres.url, sources=2).sources]
        for name in ("gunicorn", *(["nginx"] if NGINX else [])):
            with running_server(name, postgres.url) as port:
                sources = Sources(port, tokens, polite, rude, seconds=scale.fairness_seconds)
                sources.honours_retry_after = name == "gunicorn"
                # The first requests open connections to the database and use up the burst of the flooding source.
                sources.post_politely()
                sources.flood(4 * sources.seconds)
                for number in range(scale.ingest_rounds):
                    progress(f"fairness, {name}: round {number + 1} of {scale.ingest_rounds}")
                    sources.measure_round()
                rows += sources.rows(name)
    return {"fairness": Table(["What", "measured", "bar"], rows)}


@contextmanager
def running_server(name: str, database_url: str) -> Iterator[int]:
    """Run gunicorn, behind nginx or with its own rate limit, and give the port for clients."""
    own_limit = {"ARGUS_RATE_LIMIT": str(RATE_LIMIT)} if name == "gunicorn" else {}
    with running_argus(database_url, "gunicorn", **own_limit) as server:
        if name == "gunicorn":
            yield server.port
            return
        with running(Nginx("nginx-compose.conf", web=[server.port], websocket=server.port)) as proxy:
            yield proxy.port
