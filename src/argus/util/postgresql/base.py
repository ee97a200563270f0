"""Django's PostgreSQL backend, with a check of lasting connections that costs no round trip."""

from select import POLLIN, poll

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL that is looked at before each request, rather than asked for a sign of life."""

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
