"""Check whether the database accepts writes: it may be read-only after a failover, or its disk may be full.

The check writes to the disk and changes nothing. It needs no table of its own, and leaves no dead rows behind.
"""

import logging

from django.db import OperationalError, connection, transaction

log = logging.getLogger(__name__)

# PostgreSQL writes a set of rows to a temporary file beside the tables if it needs more than work_mem (kB).
WRITE_ON_POSTGRESQL = """
    SET LOCAL work_mem = 64;
    SET LOCAL temp_tablespaces = '';
    SELECT count(*) FROM generate_series(1, 10000);
"""
# SQLite writes changed pages to its file before the end of the transaction if its cache (in pages) is full. The row is
# rolled back. Milliseconds to wait for another writer.
SMALL_CACHE = "PRAGMA cache_size = 10; PRAGMA busy_timeout = 500"
WRITE_ON_SQLITE = """
    INSERT INTO django_migrations (app, name, applied) VALUES ('', hex(zeroblob(65536)), CURRENT_TIMESTAMP)
"""


def accepts_writes() -> bool:
    """Return whether the database of this connection accepts writes. On SQLite, change settings of the connection.

    Raises ``OperationalError`` if the database is unavailable.
    """
    try:
        return write_on_postgresql() if connection.vendor == "postgresql" else write_on_sqlite()
    except OperationalError as error:
        # The connection still works: only the write has failed.
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        log.warning("Readiness: the database refuses writes: %s", str(error).strip())
        return False


def write_on_postgresql() -> bool:
    """Write to a temporary file, unless transactions are read-only."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        if cursor.fetchone() == ("on",):
            log.warning("Readiness: the database is read-only.")
            return False
        cursor.execute(WRITE_ON_POSTGRESQL)
    return True


def write_on_sqlite() -> bool:
    """Write a row to the file and roll it back. A file that another connection is writing to accepts writes."""
    with connection.cursor() as cursor:
        for statement in SMALL_CACHE.split(";"):
            cursor.execute(statement)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WRITE_ON_SQLITE)
            transaction.set_rollback(True)
    except OperationalError as error:
        if "locked" not in str(error):
            raise
    return True
