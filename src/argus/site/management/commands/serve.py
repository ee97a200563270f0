"""``manage.py serve``: everything in one process tree; in production several, and the workers apart."""

import signal
from contextlib import nullcontext, suppress

from django.conf import settings
from django.core.management.base import CommandError

from argus.site.companion import Companion
from argus.site.monitoring.multiprocess import counting_together
from argus.site.settings.env import env_int, env_port
from argus.site.web import build_server
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Serve REST and the admin, and tell people, until Ctrl-C or SIGTERM. The database must have been migrated."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--no-worker", action="store_true", help="leave notifications to other processes")
        parser.add_argument(
            "--port", type=int, default=env_port("PORT", 8000), help="port to listen on (default: $PORT, else 8000)"
        )

        parser.add_argument(
            "--processes",
            type=int,
            default=env_int("ARGUS_WEB_PROCESSES", 1, minimum=1),
            help="how many share the port (default: $ARGUS_WEB_PROCESSES, else 1); several need ARGUS_REDIS_URL",
        )

    def handle(self, *, host: str, port: int, no_worker: bool, processes: int, **options):
        if processes > 1 and not settings.ARGUS_REDIS_URL:
            raise CommandError("ARGUS_REDIS_URL must be set: several processes need it to tell websockets of changes.")
        self.check_migrations()
        self.stdout.write(f"Argus serves http://{host}:{port}/ - Ctrl-C stops it.")
        self.stdout.flush()
        # uvicorn stops in order on both signals, and hands them on when it has.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        figures = counting_together() if processes > 1 else nullcontext()
        worker = nullcontext() if no_worker else Companion("send_notifications")
        with figures, worker, suppress(KeyboardInterrupt):
            try:
                build_server(host, port, processes=processes).run()
            except SystemExit:
                raise CommandError(f"Cannot listen on {host}:{port}.") from None
        self.stdout.write("Argus has stopped.")
