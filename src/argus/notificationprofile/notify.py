"""Wake the workers after a commit that gave them something to do.

PostgreSQL's NOTIFY wakes them. A background thread sends it, not the transaction itself: PostgreSQL commits
transactions that notify one at a time in the whole cluster. Workers also poll, so a lost wake-up costs one second.
"""

from django.db import connection, connections

from argus.util.background import BackgroundTask

CHANNEL = "argus_changes"
# A wake-up is not worth waiting for the disk.
NOTIFY = f"SET synchronous_commit TO off; NOTIFY {CHANNEL}"
INTERVAL = 0.02  # seconds between two notifications of a process, at least


def wake_workers() -> None:
    """Wake all workers soon. Does not wait. On other databases than PostgreSQL, workers only poll."""
    if connection.vendor == "postgresql":
        wake_up.request()


def _notify() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(NOTIFY)
    except Exception:
        connection.close()
        raise


wake_up = BackgroundTask(_notify, name="worker wake-up", interval=INTERVAL, cleanup=connections.close_all)
