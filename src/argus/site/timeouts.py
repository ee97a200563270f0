"""A bound for the queries of requests. Commands (a migration, say) take as long as they need."""

from django.conf import settings
from django.db.backends.signals import connection_created


def limit_queries() -> None:
    """Let every connection that this process makes from now on end queries that take too long."""
    connection_created.connect(set_statement_timeout, dispatch_uid="set_statement_timeout")


def set_statement_timeout(sender, connection, **kwargs) -> None:
    """Tell PostgreSQL how long a query may take; the request then ends with 503."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [settings.ARGUS_STATEMENT_TIMEOUT])
