"""PostgreSQL works but refuses writes: POSTs get 503, and the readiness probe fails until it accepts them again."""

import contextlib
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests

from tests.factories import incident_body
from tests.live import execute, running_argus
from tests.servers import give_to
from tests.test_servers import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="about PostgreSQL"),
]


@contextlib.contextmanager
def small_disk(folder: Path, user: str | None):
    """Mount a file system of 40 MB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "argus-test", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    try:
        give_to(user, folder)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def assert_readiness_follows(argus, refuse, accept) -> None:
    """Check that POSTs and the readiness probe fail between the two calls."""
    session = argus.session(argus.make_source()["token"])

    def post() -> int:
        body = incident_body(description="x" * 2000)
        return session.post(f"{argus.api}incidents/", json=body, timeout=60).status_code

    def ready() -> tuple[int, list[str]]:
        answer = requests.get(f"{argus.url}/readyz", timeout=10)
        return answer.status_code, answer.json()["failing"]

    assert (post(), ready()) == (201, (200, []))
    refuse()
    eventually(lambda: post() == 503, 60)
    eventually(lambda: ready() == (503, ["database"]), 30)
    assert session.get(f"{argus.api}incidents/mine/", timeout=60).status_code == 200
    accept()
    eventually(lambda: post() == 201, 60)
    eventually(lambda: ready() == (200, []), 30)


def test_full_disk_fails_the_readiness_probe(own_postgres):
    disk = own_postgres.folder / "small"
    url = urlunsplit(urlsplit(own_postgres.url)._replace(path="/small"))
    with small_disk(disk, own_postgres.user):
        execute(own_postgres.url, f"CREATE TABLESPACE small LOCATION '{disk}'")
        execute(own_postgres.url, "CREATE DATABASE small TABLESPACE small")
        filler = disk / "filler"

        def fill() -> None:
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass

        with running_argus(url) as argus:
            assert_readiness_follows(argus, fill, filler.unlink)
        own_postgres.stop()


def test_read_only_database_fails_the_readiness_probe(own_postgres):
    name = urlsplit(own_postgres.url).path.strip("/")
    writable = f"{own_postgres.url}?options=-cdefault_transaction_read_only%3Doff"

    def read_only(value: str) -> None:
        execute(writable, f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        # As after a failover, clients have to connect again.
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        execute(own_postgres.url, f"{others} AND datname = current_database()")

    with running_argus(own_postgres.url) as argus:
        assert_readiness_follows(argus, lambda: read_only("on"), lambda: read_only("off"))
