"""``manage.py serve``: everything in one process tree, for the embedded default and small installations."""

import signal
from contextlib import nullcontext, suppress

from django.core.management.base import CommandError

from argus.auth.management.base import PlainCommand
from argus.site.companion import Companion
from argus.site.settings.env import env_int
from argus.site.web import build_server


class Command(PlainCommand):
    help = "Serve REST and the admin, and tell people, until Ctrl-C or SIGTERM. The database must have been migrated."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--no-worker", action="store_true", help="leave notifications to other processes")
        parser.add_argument(
            "--port", type=int, default=env_int("PORT", 8000), help="port to listen on (default: $PORT, else 8000)"
        )

    def handle(self, *, host: str, port: int, no_worker: bool, **options):
        self.check_migrations()
        server = build_server(host, port)
        self.stdout.write(f"Argus serves http://{host}:{port}/ - Ctrl-C stops it.")
        self.stdout.flush()
        # uvicorn stops in order on both signals, and hands them on when it has.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with nullcontext() if no_worker else Companion("send_notifications"), suppress(KeyboardInterrupt):
            try:
                server.run()
            except SystemExit:
                raise CommandError(f"Cannot listen on {host}:{port}.") from None
        self.stdout.write("Argus has stopped.")
