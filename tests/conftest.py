"""What every test may use. Servers are in tests.services, clients in tests.fixtures, objects in tests.factories."""

import pytest
from hypothesis import settings

pytest_plugins = ["tests.fixtures", "tests.live"]

# No test depends on luck: the same examples in every run. `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items):
    """Begin with what needs the image: building it takes a minute, which at the end all others would wait for."""
    items.sort(key=lambda item: "image" not in getattr(item, "fixturenames", ()))


@pytest.fixture
def db_vendor(db) -> str:
    """The database of this run: "sqlite" or "postgresql"."""
    from django.db import connection

    return connection.vendor
