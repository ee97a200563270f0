"""Whether this process can do its work: each part that it depends on is asked, all of them within a limit.

What comes out is read by anybody, so it names parts and says nothing of hosts, accounts or errors: the log does.
"""

import logging
from contextlib import closing
from datetime import timedelta
from functools import cache

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from argus.notificationprofile import outbox
from argus.util.singleflight import NoResultError, SingleFlight

log = logging.getLogger(__name__)

# Seconds. Whoever watches gets an answer within two, also when a part has none.
PATIENCE = 1.5
FRESH = 1.0

OK, UNKNOWN, UNUSED = "ok", "unknown", "not configured"
SILENT = "does not answer"


def readiness() -> dict[str, str]:
    """Return what there is to say of each part; of one that works it is "ok"."""
    return ask_database() | {"channel layer": ask_channel_layer()}


def is_fine(finding: str) -> bool:
    """Tell whether what was found is no reason to stay away."""
    return finding in {OK, UNUSED}


def ask_database() -> dict[str, str]:
    """Return what there is to say of the database and of what is kept in it."""
    try:
        return look_into_database()
    except NoResultError:
        log.warning("Readiness: the database has not answered within %s s.", PATIENCE)
    except Exception as error:
        log.warning("Readiness: the database: %s", str(error).strip())
    return {"database": SILENT, "migrations": UNKNOWN, "notifications": UNKNOWN}


def ask_channel_layer() -> str:
    """Return what there is to say of Redis, which carries what websockets are told."""
    if not settings.ARGUS_REDIS_URL:
        return UNUSED
    try:
        ping_channel_layer()
    except NoResultError:
        log.warning("Readiness: Redis has not answered within %s s.", PATIENCE)
    except Exception as error:
        log.warning("Readiness: Redis: %s", error)
    else:
        return OK
    return SILENT


def examine_database() -> dict[str, str]:
    """Look for migrations that are missing and messages that are late, over a connection made for it."""
    with closing(connection):
        limit_queries()
        if lacks_migrations():
            return {"database": OK, "migrations": "some have not been applied", "notifications": UNKNOWN}
        return {"database": OK, "migrations": OK, "notifications": examine_notifications()}


def limit_queries() -> None:
    """Have PostgreSQL give up before whoever watches does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [int(PATIENCE * 1000)])


def lacks_migrations() -> bool:
    """Tell whether the database is behind the code. Once it is not, that is remembered: new code needs a new start."""
    if not applied:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return True
        applied.append(True)
    else:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return False


applied: list[bool] = []


def examine_notifications() -> str:
    """Tell whether anything has been due for longer than ``ARGUS_READY_NOTIFICATION_AGE`` seconds."""
    limit = settings.ARGUS_READY_NOTIFICATION_AGE
    if not (limit and settings.ARGUS_SEND_NOTIFICATIONS):
        return UNUSED
    oldest = outbox.oldest_waiting()
    if oldest is None or timezone.now() - oldest < timedelta(seconds=limit):
        return OK
    return "something has been waiting for too long"


@cache
def client_of(url: str) -> redis.Redis:
    """Return the one client that asks Redis, kept connected."""
    return redis.Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)


look_into_database = SingleFlight(examine_database, timeout=PATIENCE, max_age=FRESH)
ping_channel_layer = SingleFlight(lambda: client_of(settings.ARGUS_REDIS_URL).ping(), timeout=PATIENCE, max_age=FRESH)
