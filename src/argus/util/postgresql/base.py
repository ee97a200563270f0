"""Django's PostgreSQL backend: it plans as today's machines read, and looks at lasting connections without asking."""

from select import POLLIN, poll

from django.db.backends.postgresql import base

# PostgreSQL's own defaults are of the days when a disk had to turn for each row. With them it reads all relations of
# two popular tags to show a page of a hundred incidents, with several processes, which it then compiles code for.
PLANNING = """
    SELECT set_config(name, wanted, false) FROM pg_settings
    JOIN (VALUES ('random_page_cost', '1.1'), ('max_parallel_workers_per_gather', '0'), ('jit', 'off'))
        AS ours (name, wanted) USING (name)
    WHERE source = 'default'
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL that is looked at before each request, rather than asked for a sign of life."""

    def init_connection_state(self):
        """Set what the planner reckons with, unless somebody has set it: for the server, the database or the role."""
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            cursor.execute(PLANNING)

    def is_usable(self):
        """Tell whether the server is still there.

        An idle connection has nothing to read. When there is something, it is the server's farewell or the end of the
        line: then Django's own check, a query, decides. One that broke in use cannot even be looked at.
        """
        if self.connection.closed:
            return False
        # Not select(), which cannot look at a connection behind a thousand open sockets.
        line = poll()
        line.register(self.connection, POLLIN)
        return not line.poll(0) or super().is_usable()
