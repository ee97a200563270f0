"""Readiness: whether each part that this process depends on answers, within a time limit.

The response is public. It names parts, and no hosts, accounts or errors: those are in the log.
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

from argus.notificationprofile import delivery_queue
from argus.util.singleflight import NoResultError, SingleFlight

from .write_check import accepts_writes

log = logging.getLogger(__name__)

# Seconds. Probes are answered within two seconds, even if a part does not answer.
TIMEOUT = 1.5
MAX_AGE = 1.0
WRITE_CHECK_INTERVAL = 5.0

OK, UNKNOWN, UNUSED = "ok", "unknown", "not configured"
UNAVAILABLE, READ_ONLY = "does not answer", "refuses writes"


def readiness() -> dict[str, str]:
    """Return the state of each part: "ok", or what is wrong."""
    return database_state() | {"channel layer": channel_layer_state()}


def is_fine(state: str) -> bool:
    """Return whether a part in this state needs no attention."""
    return state in {OK, UNUSED}


def database_state() -> dict[str, str]:
    """Return the state of the database, its migrations and the notifications in it."""
    try:
        state = check_database()
        return state if check_writes() else state | {"database": READ_ONLY}
    except NoResultError:
        log.warning("Readiness: timeout: the database has not answered within %s s.", TIMEOUT)
    except Exception as error:
        log.warning("Readiness: the database is unavailable: %s", str(error).strip())
    return {"database": UNAVAILABLE, "migrations": UNKNOWN, "notifications": UNKNOWN}


def channel_layer_state() -> str:
    """Return the state of Redis."""
    if not settings.ARGUS_REDIS_URL:
        return UNUSED
    try:
        ping_channel_layer()
    except NoResultError:
        log.warning("Readiness: timeout: Redis has not answered within %s s.", TIMEOUT)
    except Exception as error:
        log.warning("Readiness: Redis is unavailable: %s", error)
    else:
        return OK
    return UNAVAILABLE


def check_database_on_new_connection() -> dict[str, str]:
    """Look for missing migrations and late notifications. An old connection would not show that new ones work."""
    with closing(connection):
        limit_queries()
        if lacks_migrations():
            return {"database": OK, "migrations": "some have not been applied", "notifications": UNKNOWN}
        return {"database": OK, "migrations": OK, "notifications": notification_state()}


def check_writes_on_new_connection() -> bool:
    """Return whether the database accepts writes."""
    with closing(connection):
        limit_queries()
        return accepts_writes()


def limit_queries() -> None:
    """Limit the queries of this connection to ``TIMEOUT`` seconds, on PostgreSQL."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [int(TIMEOUT * 1000)])


def lacks_migrations() -> bool:
    """Return whether migrations are missing. Once none is, this process only checks that the database answers."""
    if not applied:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return True
        applied.append(True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return False


applied: list[bool] = []


def notification_state() -> str:
    """Return whether a notification has been due for longer than ``ARGUS_READY_NOTIFICATION_AGE`` seconds."""
    limit = settings.ARGUS_READY_NOTIFICATION_AGE
    if not (limit and settings.ARGUS_SEND_NOTIFICATIONS):
        return UNUSED
    oldest = delivery_queue.oldest_waiting()
    if oldest is None or timezone.now() - oldest < timedelta(seconds=limit):
        return OK
    return "something has been waiting for too long"


@cache
def redis_client(url: str) -> redis.Redis:
    """Return the client for this check, which stays connected."""
    return redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT)


check_database = SingleFlight(check_database_on_new_connection, timeout=TIMEOUT, max_age=MAX_AGE)
check_writes = SingleFlight(check_writes_on_new_connection, timeout=TIMEOUT, max_age=WRITE_CHECK_INTERVAL)
ping_channel_layer = SingleFlight(
    lambda: redis_client(settings.ARGUS_REDIS_URL).ping(), timeout=TIMEOUT, max_age=MAX_AGE
)
