"""Django's PostgreSQL backend with planner settings for SSDs and a connection check without a query."""

from select import POLLIN, poll

from django.db.backends.postgresql import base

# PostgreSQL's defaults assume rotating disks. With them it reads all relations of two popular tags to show a page of a
# hundred incidents, in several processes, and compiles code for it. Values set for the server, the database or the role
# are kept.
PLANNER_SETTINGS = """
    SELECT set_config(name, wanted, false) FROM pg_settings
    JOIN (VALUES ('random_page_cost', '1.1'), ('max_parallel_workers_per_gather', '0'), ('jit', 'off'))
        AS ours (name, wanted) USING (name)
    WHERE source = 'default'
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def init_connection_state(self) -> None:
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            cursor.execute(PLANNER_SETTINGS)

    def is_usable(self) -> bool:
        """Return whether the connection works; called before each request.

        An idle connection has nothing to read. If there is something, it is an error message or the end of the
        connection, and Django's own check, a query, decides. A connection that broke in use is closed already.
        """
        if self.connection.closed:
            return False
        # select() fails for file descriptors above 1023.
        poller = poll()
        poller.register(self.connection, POLLIN)
        return not poller.poll(0) or super().is_usable()
