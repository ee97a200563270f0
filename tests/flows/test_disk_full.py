"""A full disk under SQLite: POSTs get 503, nothing is lost or stored in part, and the server recovers."""

import os
import resource
import sqlite3

import pytest
import requests

from tests.factories import incident_body
from tests.live import Argus
from tests.servers import running
from tests.test_servers import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" in os.environ, reason="about the file of SQLite"),
]

MARGIN = 64 * 1024


class ArgusWithoutWorker(Argus):
    """``manage.py serve`` without a worker, which could free space by pruning."""

    def command(self) -> list[str]:
        return [*super().command(), "--no-worker"]


def limit_file_size(argus: Argus, size: int) -> None:
    """Limit the size of files that the running server may write, like a full disk."""
    resource.prlimit(argus.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_full_disk_gives_503_and_loses_nothing():
    with running(ArgusWithoutWorker()) as argus:
        session, accepted, refused = argus.session(argus.make_source()["token"]), [], []

        def post() -> int:
            body = incident_body(description="x" * 2000)
            answer = session.post(f"{argus.api}incidents/", json=body, timeout=60)
            (accepted if answer.status_code == 201 else refused).append(body["source_incident_id"])
            assert answer.status_code in {201, 503}, answer.text
            return answer.status_code

        assert [post() for _ in range(5)] == [201] * 5
        files = [argus.folder / f"argus.sqlite3{suffix}" for suffix in ("", "-wal")]
        limit_file_size(argus, max(file.stat().st_size for file in files) + MARGIN)
        eventually(lambda: post() == 503)
        assert [post() for _ in range(5)] == [503] * 5
        shown = session.get(f"{argus.api}incidents/mine/", timeout=60)
        assert {incident["source_incident_id"] for incident in shown.json()["results"]} == set(accepted)
        assert requests.get(f"{argus.url}/healthz", timeout=10).status_code == 200
        eventually(lambda: requests.get(f"{argus.url}/readyz", timeout=10).json()["failing"] == ["database"], 30)

        limit_file_size(argus, resource.RLIM_INFINITY)
        eventually(lambda: post() == 201, 30)
        eventually(lambda: requests.get(f"{argus.url}/readyz", timeout=10).status_code == 200, 30)
        argus.stop()
        with sqlite3.connect(argus.folder / "argus.sqlite3") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            stored = database.execute("SELECT source_incident_id FROM argus_incident_incident").fetchall()
        assert {name for (name,) in stored} & {*accepted, *refused} == set(accepted)
        assert "Internal Server Error" not in argus.log.read_text()
