"""Bare commits: duration of a flush, and rate of concurrent commits.

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
# Bytes of a page of the log, and number of pages that are written in rotation.
PAGE, PAGES = 8192, 1024


def flush(bench: Bench, seconds: float) -> Sample:
    """Write and flush pages in the folder of PostgreSQL, with the same system call."""
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
    """Commit as often as possible over several connections, from a separate process."""
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
    # The start of the client's process counts as an unrelated program.
    read = watch.read(client=Cpu(*done["cpu"]), web=Cpu())
    return Sample(elapsed=done["elapsed"], requests=number, incidents=number, latencies=done["latencies"], **read)


def repeat(url: str, until: float, latencies: list[float]) -> None:
    """Commit rows until a point in time, at least one."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while not latencies or monotonic() < until:
            began = monotonic()
            cursor.execute(ROW)
            latencies.append(monotonic() - began)


def main(url: str, connections: str, seconds: str) -> None:
    """Commit in threads; print the measurement."""
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
