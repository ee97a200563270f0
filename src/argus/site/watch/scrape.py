"""All figures in the format of Prometheus: what processes have counted, and what is in the database now."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from .figures import DatabaseFigures
from .pushes import PushFigures


def scrape() -> bytes:
    """Return everything that there is to say at the moment. Takes as long as readiness may, at most."""
    now = CollectorRegistry()
    now.register(DatabaseFigures())
    now.register(PushFigures())
    return generate_latest(counted()) + generate_latest(now)


def counted() -> CollectorRegistry:
    """Return what has been counted: by all processes of this host that share a folder for it, else by this one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return together
