"""``manage.py serve``: everything in one process tree, for the embedded default and small installations."""

import uvicorn
from django.core.management.base import BaseCommand, CommandError

from argus.site.settings.env import env_int


class Command(BaseCommand):
    help = "Serve REST and the admin until Ctrl-C or SIGTERM. The database must have been migrated."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port", type=int, default=env_int("PORT", 8000), help="port to listen on (default: $PORT, else 8000)"
        )

    def handle(self, *, host: str, port: int, **options):
        config = uvicorn.Config(
            "argus.site.asgi:application",
            host=host,
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        self.stdout.write(f"Argus listens on http://{host}:{port}/ - stop it with Ctrl-C.")
        server.run()
        if not server.started:
            raise CommandError(f"Cannot listen on {host}:{port}.")
