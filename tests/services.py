"""Pytest plugin: choose the database of the run, start real servers, leave out what has run on the other database.

pytest loads it before everything else (``-p tests.services`` in pyproject.toml), because the database must be chosen
before Django reads its settings. With pytest-xdist, the controller starts PostgreSQL and the workers inherit its URL.
"""

import contextlib
import inspect
import os
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import migrated
from tests.servers import Server, running_postgres, running_valkey, start_cleanup

DATABASE_URL = "DATABASE_URL"
# Fixtures that bring the database of the run. Django refuses queries to tests without them.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "argus"}
# A module that starts processes on the database of the run mentions one of these.
DATABASE_NAMES = re.compile(r"new_database|DATABASE_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options to the command line."""
    group = parser.getgroup("argus")
    group.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="database of the run; postgresql is the server at DATABASE_URL, or one that is started for the run",
    )
    group.addoption(
        "--second-database",
        action="store_true",
        help="leave out tests that do not use the database: they have run with the first one",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Choose the database before pytest-django loads the settings."""
    options = early_config.known_args_namespace
    if not (options.help or options.version):
        choose_database(early_config, options.database)
        make_folder(early_config)
    return (yield)


def choose_database(config: pytest.Config, kind: str) -> None:
    """Set the environment variable that the settings read. A server started here ends with the run."""
    if kind == "sqlite":
        os.environ.pop(DATABASE_URL, None)
    elif not os.environ.get(DATABASE_URL):
        resources = contextlib.ExitStack()
        config.add_cleanup(resources.close)
        resources.callback(os.environ.pop, DATABASE_URL, None)
        os.environ[DATABASE_URL] = resources.enter_context(running_postgres()).url


def make_folder(config: pytest.Config) -> None:
    """Create a folder for files that are made once in a run and shared by the workers of pytest-xdist."""
    if migrated.FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="argus-test-run-")
        cleanup = start_cleanup(Path(folder))
        config.add_cleanup(cleanup.wait)
        config.add_cleanup(cleanup.stdin.close)
        config.add_cleanup(partial(os.environ.pop, migrated.FOLDER))
        os.environ[migrated.FOLDER] = folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--second-database``, deselect the tests that do not use the database."""
    if config.option.second_database:
        repeated = [item for item in items if not uses_database(item)]
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    """Return whether the test's outcome may depend on the database of the run. In doubt, it may."""
    if item.get_closest_marker("once") and not item.get_closest_marker("both"):
        return False
    if item.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
        return True
    if getattr(item, "cls", None) and hasattr(item.cls, "_pre_setup"):  # django.test.SimpleTestCase
        return True
    return bool(DATABASE_NAMES.search(inspect.getsource(item.module)))


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Return the number of workers: one more than cores, because some tests wait for processes.

    Slow tests use all cores themselves; None leaves their number to pytest-xdist.
    """
    return (os.cpu_count() or 1) + 1 if config.option.markexpr == "not slow" else None


def pytest_report_header(config: pytest.Config) -> str:
    """Name the database in the header of the run."""
    return f"database: {config.option.database}"


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Return the URL of a Valkey that many tests share: ARGUS_REDIS_URL, or one started for the run."""
    if given := os.environ.get("ARGUS_REDIS_URL"):
        yield given
        return
    with running_valkey() as server:
        yield server.url


@pytest.fixture
def own_valkey() -> Iterator[Server]:
    """Start a Valkey for one test, which may stop(), start() and kill() it."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """Start a PostgreSQL for one test, which may stop(), start() and kill() it. Its database is empty."""
    with running_postgres(durable=True) as server:
        yield server
