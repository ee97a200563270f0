"""Configuration of all tests. Servers are in tests.services, clients in tests.fixtures, objects in tests.factories."""

import pytest
from hypothesis import settings

pytest_plugins = ["tests.fixtures", "tests.live"]

# Every run uses the same examples; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests of the container image first: building it takes a minute, in which other workers can go on."""
    items.sort(key=lambda item: "image" not in getattr(item, "fixturenames", ()))


@pytest.fixture
def db_vendor(db) -> str:
    """Return the database of this run: "sqlite" or "postgresql"."""
    from django.db import connection

    return connection.vendor
