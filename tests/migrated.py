"""Migrated databases for live servers: migrating takes seconds, so it is done once in a run, and the rest are copies.

Copied are a file of SQLite and a dump of PostgreSQL, which lie in a folder of the run (tests.services makes it).
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
    """Bring an empty database to where ``migrate()`` brings it; for any other, that is called.

    Who is first leaves a copy to the others. Nobody else may use the database yet.
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
    """A database of SQLite that no process has open."""

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
    """A database of PostgreSQL, of whichever server."""

    def __init__(self, url: str):
        self.url = url
        connection = psycopg2.connect(url)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            (self.number,) = cursor.fetchone()
        # What the dump of one version says, an older one may not understand.
        self.copy = Path(os.environ.get(FOLDER, ""), f"migrated-{connection.server_version}.sql")
        connection.close()

    def is_empty(self) -> bool:
        return self.number == 0

    def restore(self) -> None:
        once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        self._run("psql", *once, f"--file={self.copy}").check_returncode()

    def save(self, target: Path) -> bool:
        """Whether there is a dump now: there is none of a server that is younger than the program."""
        return self._run("pg_dump", "--no-owner", "--no-privileges", f"--file={target}").returncode == 0

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        programs = find_postgres_programs(None, Path(os.environ[FOLDER]))
        return subprocess.run([programs / program, f"--dbname={self.url}", *arguments], stdin=subprocess.DEVNULL)
