"""Argus as a real server process on a loopback port, and prepared databases."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.servers import Server, running

ROOT = Path(__file__).resolve().parent.parent
# Enough to keep the largest data set and its indexes in memory, as a server for it would; no checkpoint in a round.
POSTGRES_SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min"}


@dataclass(frozen=True)
class Accounts:
    """Who may call: an end user's token, the sources with theirs, and the session of a person in the admin."""

    operator: str
    operator_id: int
    sources: list[dict]
    session: str = ""


class ArgusServer(Server):
    """``manage.py serve``, or gunicorn, on the database at ``database_url``."""

    name = "Argus"

    def __init__(self, database_url: str, kind: str = "serve", **environment: str):
        super().__init__()
        self.kind = kind
        self.environment = environment
        self.database_url = database_url
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        if self.kind == "serve":
            return [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)]
        # The defaults, two workers of four threads, handle as many requests at a time as `serve`.
        options = ["--config=python:argus.site.gunicorn_config", "--keep-alive=60"]
        return [sys.executable, "-m", "gunicorn", *options, f"--bind=127.0.0.1:{self.port}"]

    def is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def surroundings(self) -> dict:
        return super().surroundings() | {"env": environment(self.database_url) | self.environment}


class WebServer(ArgusServer):
    """``manage.py serve`` without a notification worker."""

    def command(self) -> list[str]:
        return [*super().command(), "--no-worker"]


@contextmanager
def running_argus(database_url: str, kind: str = "serve", **environment: str) -> Iterator[ArgusServer]:
    """Run a new server of this kind (``serve`` or ``gunicorn``) on a prepared database."""
    with running(ArgusServer(database_url, kind, **environment)) as server:
        yield server


def available_kinds() -> list[str]:
    """Return the kinds of servers that are installed."""
    return ["serve", *(["gunicorn"] if find_spec("gunicorn") else [])]


def prepare(database_url: str, *, sources: int = 1, profiles: int = 20) -> Accounts:
    """Migrate the empty database and make an end user, so many source systems and people with a profile in it."""
    return Accounts(**said_by("prepare", sources, profiles, database_url=database_url))


def said_by(program: str, *arguments, database_url: str) -> dict:
    """Run one of the benchmarks' programs with Django, on a database, and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{program}", *map(str, arguments)],
        cwd=ROOT,
        env=environment(database_url),
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def environment(database_url: str) -> dict[str, str]:
    """Variables for a process of Argus: none of those that are set here, so that every run measures the same."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATABASE_URL": database_url,
        "ARGUS_LOG_LEVEL": "WARNING",
        # One source sends as fast as it can.
        "ARGUS_RATE_LIMIT": "0",
        "ARGUS_ADDRESS_RATE_LIMIT": "0",
        # All websocket clients use one account.
        "ARGUS_MAX_WEBSOCKETS": "0",
    }
