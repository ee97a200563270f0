"""Configuration of all tests. Servers are in tests.services, clients in tests.fixtures, objects in tests.factories."""

import gc

import pytest
from hypothesis import settings

pytest_plugins = ["tests.fixtures", "tests.live"]

# Every run uses the same examples; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile("steady")


# Fixtures that take long. Tests that use one run first, on one worker, while others go on.
SLOW_FIXTURES = ("image", "argus", "wire")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with a slow fixture first. Each worker gets consecutive tests, so only one makes the fixture."""

    def rank(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return next((n for n, fixture in enumerate(SLOW_FIXTURES) if fixture in names), len(SLOW_FIXTURES))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Exclude modules and tests from garbage collection: they stay until the end. It saves 7 % of the CPU time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def db_vendor(db) -> str:
    """Return the database of this run: "sqlite" or "postgresql"."""
    from django.db import connection

    return connection.vendor
