"""How long PostgreSQL works for a request. Commands (a migration, say) take as long as they need."""

from django.conf import settings
from django.db.backends.signals import connection_created


def limit_queries() -> None:
    """Let every connection that this process makes from now on end queries that are not short."""
    connection_created.connect(set_limits, dispatch_uid="set_limits")


def set_limits(sender, connection, **kwargs) -> None:
    """Tell PostgreSQL how long a query may take; the request then ends with 503."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [settings.ARGUS_STATEMENT_TIMEOUT])
