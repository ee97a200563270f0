"""The pytest plugin that brings real servers: the suite's database, and Valkey for those who ask.

pytest loads it first of all (``-p tests.services`` in pyproject.toml), since the database must be chosen before Django
reads its settings. With pytest-xdist the controller starts PostgreSQL, and the workers inherit its address.
"""

import contextlib
import os
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests import migrated
from tests.servers import order_undertaker, running_postgres, running_valkey

DATABASE_URL = "DATABASE_URL"


def pytest_addoption(parser):
    parser.getgroup("argus").addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="what the suite runs on; postgresql is the server at DATABASE_URL, or else one started for this run",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config):
    options = early_config.known_args_namespace
    if not (options.help or options.version):
        choose_database(early_config, options.database)
        make_folder(early_config)
    return (yield)


def choose_database(config, kind: str) -> None:
    """Leave in the environment what the settings read; a server that is started here ends with the run."""
    if kind == "sqlite":
        os.environ.pop(DATABASE_URL, None)
    elif not os.environ.get(DATABASE_URL):
        resources = contextlib.ExitStack()
        config.add_cleanup(resources.close)
        resources.callback(os.environ.pop, DATABASE_URL, None)
        os.environ[DATABASE_URL] = resources.enter_context(running_postgres()).url


def make_folder(config) -> None:
    """Leave in the environment a folder for what is made once in the run, whichever worker of pytest-xdist needs it."""
    if migrated.FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="argus-test-run-")
        undertaker = order_undertaker(Path(folder))
        config.add_cleanup(undertaker.wait)
        config.add_cleanup(undertaker.stdin.close)
        config.add_cleanup(partial(os.environ.pop, migrated.FOLDER))
        os.environ[migrated.FOLDER] = folder


def pytest_report_header(config):
    return f"database: {config.option.database}"


@pytest.fixture(scope="session")
def valkey_url():
    """The address of a real Valkey (or Redis) that many tests share; the one at ARGUS_REDIS_URL if that is set."""
    if given := os.environ.get("ARGUS_REDIS_URL"):
        yield given
        return
    with running_valkey() as server:
        yield server.url


@pytest.fixture
def own_valkey():
    """A Valkey for one test, which may stop(), start() and kill() it."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def own_postgres():
    """A PostgreSQL for one test, which may stop(), start() and kill() it. Its database is empty: migrate it first."""
    with running_postgres(durable=True) as server:
        yield server
