"""Argus as a process: ``manage.py serve`` on its own database, for tests over the network."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg2
import pytest
import requests

from tests import migrated
from tests.servers import Server, is_alive, running

ROOT = Path(__file__).parent.parent
SOURCE_DIR = ROOT / "src"
PASSWORD = "correct horse battery staple"


class Argus(Server):
    """``manage.py serve`` in its own folder, on SQLite there unless ``database_url`` is given."""

    name = "Argus"

    def __init__(self, database_url: str = "", **environment: str):
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api/v1/"
        self.database_url = database_url or f"sqlite:///{self.folder}/argus.sqlite3"
        self.environment = environment
        migrated.fill(self.database_url, partial(self.manage, "migrate", "--verbosity=0"))

    def command(self) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)]

    def surroundings(self) -> dict:
        keywords = super().surroundings()
        keywords["env"] |= {
            "PYTHONPATH": str(SOURCE_DIR),
            "DJANGO_SETTINGS_MODULE": "argus.site.settings.dev",
            "DATABASE_URL": self.database_url,
            "ARGUS_VAR_DIR": str(self.folder),
            # pytest-cov measures subprocesses by these variables.
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
            **self.environment,
        }
        return keywords

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def connect(self, timeout: float = 10) -> socket.socket:
        """Open a plain TCP connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a management command on the server's database; return its output."""
        surroundings = self.surroundings()
        surroundings["env"] |= environment
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments], capture_output=True, text=True, **surroundings
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_source(self, name: str = "", *, type: str = "nav", base_url: str = "") -> dict:
        """Create a source; return its pk, name, type, username and token."""
        name = name or f"source{secrets.token_hex(6)}"
        return json.loads(self.manage("create_source", name, "--type", type, "--base-url", base_url, "--json"))

    def make_admin(self) -> str:
        """Create the superuser "admin"; return a token."""
        self.manage("initial_setup", ARGUS_ADMIN_PASSWORD=PASSWORD)
        answer = requests.post(f"{self.api}token-auth/", json={"username": "admin", "password": PASSWORD}, timeout=10)
        return answer.json()["token"]

    def session(self, token: str) -> requests.Session:
        """Return a keep-alive session with a token."""
        session = requests.Session()
        session.headers["Authorization"] = f"Token {token}"
        return session


class Gunicorn(Argus):
    """gunicorn, which serves REST and the admin in production."""

    name = "gunicorn"

    def command(self) -> list[str]:
        options = ["--config=python:argus.site.gunicorn_config", f"--bind=127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "gunicorn", *options]

    def is_ready(self) -> bool:
        """Whether a worker answers: the master listens before there is one."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        return False

    def workers(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if is_alive(child)]


@contextlib.contextmanager
def running_argus(database_url: str = "", **environment: str):
    """Run an Argus until the block ends."""
    with running(Argus(database_url, **environment)) as server:
        yield server


@contextlib.contextmanager
def new_database():
    """Create an empty database on the server of the test run; return its URL. "" means a SQLite file of the server."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield ""
        return
    name = f"argus_live_{secrets.token_hex(6)}"
    execute(url, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def execute(url: str, statement: str) -> None:
    """Execute a statement that PostgreSQL does not allow in a transaction."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="session")
def argus():
    """Run an Argus on the kind of database of the test run, shared by many tests."""
    with new_database() as database_url, running_argus(database_url) as server:
        yield server
        log = server.log.read_text(errors="replace")
        assert "Internal Server Error" not in log, log
        assert "Exception in ASGI" not in log, log


@pytest.fixture(scope="session")
def admin_token(argus) -> str:
    """Return the token of the superuser "admin"."""
    return argus.make_admin()


@pytest.fixture(scope="module")
def source(argus) -> dict:
    """Create a source for this module: pk, name, type, username and token."""
    return argus.make_source(base_url="https://nav.example.org")
