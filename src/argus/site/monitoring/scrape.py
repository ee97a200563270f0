"""All figures in the format of Prometheus: what processes have counted, and what is in the database now."""

from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from .metrics import DatabaseFigures
from .multiprocess import is_running, shared_folder


def scrape() -> bytes:
    """Return everything that there is to say at the moment. Takes as long as readiness may, at most."""
    now = CollectorRegistry()
    now.register(DatabaseFigures())
    return generate_latest(counted()) + generate_latest(now)


def counted() -> CollectorRegistry:
    """Return what has been counted: by all processes of this host that share a folder for it, else by this one."""
    folder = shared_folder()
    if not folder:
        return REGISTRY
    forget_dead_processes(Path(folder))
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return together


def forget_dead_processes(folder: Path) -> None:
    """Take away what a process that has ended said of its present; what it has counted stays."""
    for pid in {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}:
        if not is_running(int(pid)):
            mark_process_dead(pid, str(folder))
