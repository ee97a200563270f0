"""Bare commits: how long a flush of PostgreSQL's log takes, and how many commits at a time come to.

As a program, ``python -m contrib.capacity_model.commits URL CONNECTIONS SECONDS`` inserts rows in that many threads and
prints the measurement: ``{"elapsed": seconds, "latencies": [...], "cpu": [user, system]}``.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import closing
from tempfile import NamedTemporaryFile
from time import monotonic

import psycopg2

from benchmarks.servers import ROOT

from .trial import Bench, Sample, Watch
from .usage import Cpu

TABLE = "CREATE TABLE IF NOT EXISTS bare_commit (id bigserial PRIMARY KEY, text text)"
ROW = "INSERT INTO bare_commit (text) VALUES ('')"
# Of the log, in bytes; and how many of them are written before the first is written again.
PAGE, PAGES = 8192, 1024


def flush(bench: Bench, seconds: float) -> Sample:
    """Write a page and have it flushed, over and over, where PostgreSQL has its log and by the call that it uses."""
    latencies = []
    with NamedTemporaryFile(dir=bench.postgres.folder) as file:
        file.write(bytes(PAGE * PAGES))
        began = monotonic()
        while monotonic() - began < seconds:
            os.pwrite(file.fileno(), os.urandom(PAGE), len(latencies) % PAGES * PAGE)
            started = monotonic()
            os.fdatasync(file.fileno())
            latencies.append(monotonic() - started)
    elapsed, number = monotonic() - began, len(latencies)
    return Sample(elapsed=elapsed, watched=elapsed, requests=number, incidents=number, latencies=latencies)


def commit(bench: Bench, *, connections: int, seconds: float) -> Sample:
    """Commit as often as can be over so many connections at a time, from a process of its own."""
    command = [
        sys.executable,
        "-m",
        "contrib.capacity_model.commits",
        bench.postgres.url,
        str(connections),
        str(seconds),
    ]
    watch = Watch({"sql": bench.parts["sql"]})
    done = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    number = len(done["latencies"])
    # What the client's process took to start is a stranger's time here.
    read = watch.read(client=Cpu(*done["cpu"]), web=Cpu())
    return Sample(elapsed=done["elapsed"], requests=number, incidents=number, latencies=done["latencies"], **read)


def repeat(url: str, until: float, latencies: list[float]) -> None:
    """Commit rows until a moment, one at least."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while not latencies or monotonic() < until:
            began = monotonic()
            cursor.execute(ROW)
            latencies.append(monotonic() - began)


def main(url: str, connections: str, seconds: str) -> None:
    """Commit in threads, and tell what it took."""
    latencies: list[float] = []
    began, before = monotonic(), os.times()
    arguments = [url, began + float(seconds), latencies]
    threads = [threading.Thread(target=repeat, args=arguments) for _ in range(int(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.times()
    cpu = [after.user - before.user, after.system - before.system]
    print(json.dumps({"elapsed": monotonic() - began, "latencies": latencies, "cpu": cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
