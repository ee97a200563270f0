"""gunicorn's worker with threads. It closes its port at the start of a graceful stop."""

import socket

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """Accept the waiting connections and close the port before finishing the requests.

    gunicorn's own worker keeps the port open until the last request has ended. Clients could still connect, but no
    worker would accept the connection, and the kernel would reset it in the end.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting connections. A worker that ends calls this first."""
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            while self.sockets:
                listener = self.sockets.pop()
                self.accept_waiting(listener)
                listener.close()

    def accept_waiting(self, listener: socket.socket) -> None:
        """Accept all connections that the kernel has established."""
        connections = -1
        while connections != self.nr_conns:
            connections = self.nr_conns
            self.accept(listener)
