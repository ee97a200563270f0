"""``manage.py serve``: everything in one process tree, for the embedded default and small installations."""

from contextlib import suppress

from django.core.management.base import CommandError

from argus.auth.management.base import PlainCommand
from argus.site.settings.env import env_int
from argus.site.web import build_server


class Command(PlainCommand):
    help = "Serve REST and the admin until Ctrl-C or SIGTERM. The database must have been migrated."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port", type=int, default=env_int("PORT", 8000), help="port to listen on (default: $PORT, else 8000)"
        )

    def handle(self, *, host: str, port: int, **options):
        self.check_migrations()
        server = build_server(host, port)
        self.stdout.write(f"Argus serves http://{host}:{port}/ - Ctrl-C stops it.")
        self.stdout.flush()
        # On Ctrl-C uvicorn stops in order, and hands the signal on when it has.
        with suppress(KeyboardInterrupt):
            try:
                server.run()
            except SystemExit:
                raise CommandError(f"Cannot listen on {host}:{port}.") from None
        self.stdout.write("Argus has stopped.")
