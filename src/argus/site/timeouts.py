"""How PostgreSQL works for requests. Commands (a migration, say) take as long as they need."""

from django.conf import settings
from django.db.backends.signals import connection_created


def limit_queries() -> None:
    """Let every connection that this process makes from now on plan for short queries, and end those that are not."""
    connection_created.connect(set_limits, dispatch_uid="set_limits")


def set_limits(sender, connection, **kwargs) -> None:
    """Tell PostgreSQL how long a query may take (the request then ends with 503), and how to plan it.

    Pages read a few hundred scattered rows, most of them in memory, and requests run side by side already: the
    planner's defaults, made for spinning disks and for one large report at a time, cost many times more here.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SET statement_timeout = %s; SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0",
                [settings.ARGUS_STATEMENT_TIMEOUT],
            )
