"""``manage.py serve``: the embedded server, for one machine and small sites."""

import argparse
import os
import signal
from contextlib import suppress
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser

from argus.site.server import ServerError, serve
from argus.site.startup import failed_checks
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Serve REST, the admin and the websocket in one process until Ctrl-C or SIGTERM, with a notification worker "
        "in a child process. The database must be migrated. Larger sites run gunicorn: see docs/howto/deploy.md."
    )

    # ``handle`` runs them, once for this command and the application.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port",
            type=port_number,
            default=os.environ.get("PORT") or "8000",
            help="port to listen on (default: $PORT, else 8000)",
        )
        parser.add_argument("--no-worker", action="store_true", help="start no notification worker")
        # Argus 1.0 had several web processes; the option is kept to name its replacement.
        parser.add_argument("--processes", help=argparse.SUPPRESS)

    def handle(self, *, host: str, port: int, no_worker: bool, processes: str | None, **options: Any) -> None:
        if processes is not None:
            raise CommandError("--processes has been removed. For several web processes run gunicorn (--workers).")
        if errors := failed_checks():
            raise CommandError("\n".join(errors))
        self.check_migrations()
        # uvicorn shuts down gracefully on both signals, then raises them again.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            try:
                serve(host, port, with_worker=not no_worker, on_start=partial(self.report_start, host, port))
            except ServerError as error:
                raise CommandError(str(error)) from None
        self.stdout.write("Argus has stopped.")

    def report_start(self, host: str, port: int) -> None:
        """Print where Argus listens."""
        self.stdout.write(f"Argus serves http://{host}:{port}/ - Ctrl-C stops it.")
        self.stdout.flush()


def port_number(text: str) -> int:
    """Return the TCP port, or raise ``ArgumentTypeError``."""
    if not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (1 to 65535)")
    return int(text)
