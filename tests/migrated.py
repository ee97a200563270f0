"""Migrated databases for live servers. Migrating takes seconds, so a test run does it once and copies the result.

The copies are an SQLite file and a PostgreSQL dump in the directory of the run, which tests.services creates.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tests.servers import find_postgres_programs

FOLDER = "TEST_RUN_FOLDER"


def fill(url: str, migrate: Callable[[], object]) -> None:
    """Migrate a database: restore a copy if it is empty and a copy exists, otherwise call ``migrate()``.

    The first call for an empty database saves a copy. No other process may use the database yet.
    """
    place = urlsplit(url)
    database = File(Path(place.path[1:])) if place.scheme == "sqlite" else Tables(url)
    empty = FOLDER in os.environ and database.is_empty()
    if empty and database.copy.exists():
        database.restore()
        return
    migrate()
    if empty:
        unfinished = database.copy.with_name(secrets.token_hex(8))
        if database.save(unfinished):
            unfinished.replace(database.copy)


class File:
    """An SQLite database that no process uses."""

    def __init__(self, path: Path):
        self.path = path
        self.copy = Path(os.environ.get(FOLDER, ""), "migrated.sqlite3")

    def is_empty(self) -> bool:
        return not self.path.exists()

    def restore(self) -> None:
        shutil.copy(self.copy, self.path)

    def save(self, target: Path) -> bool:
        shutil.copy(self.path, target)
        return True


class Tables:
    """A PostgreSQL database."""

    def __init__(self, url: str):
        self.url = url
        connection = psycopg2.connect(url)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            (self.number,) = cursor.fetchone()
        # An older server may not read the dump of a newer one.
        self.copy = Path(os.environ.get(FOLDER, ""), f"migrated-{connection.server_version}.sql")
        connection.close()

    def is_empty(self) -> bool:
        return self.number == 0

    def restore(self) -> None:
        once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        self._run("psql", *once, f"--file={self.copy}").check_returncode()

    def save(self, target: Path) -> bool:
        """Write a dump; return False if it failed, for example because pg_dump is older than the server."""
        return self._run("pg_dump", "--no-owner", "--no-privileges", f"--file={target}").returncode == 0

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        programs = find_postgres_programs(None, Path(os.environ[FOLDER]))
        return subprocess.run([programs / program, f"--dbname={self.url}", *arguments], stdin=subprocess.DEVNULL)
