"""``manage.py runserver``: as in every Django project, but with the websocket and a notification worker."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import runserver
from django.utils import autoreload

from argus.site.server import ServerError, serve
from argus.site.startup import failed_checks


class Command(runserver.Command):
    help = "Serve everything for development, and restart when the code changes."
    # Set by Django from the argument.
    addr: str
    port: str

    def inner_run(self, *args: Any, **options: Any) -> None:
        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            if errors := failed_checks():
                raise CommandError("\n".join(errors))
            self.check_migrations()
        try:
            serve(self.addr, int(self.port), on_start=self.report_start)
        except ServerError as error:
            raise CommandError(str(error)) from None

    def report_start(self) -> None:
        """Print where Argus listens."""
        self.stdout.write(f"Argus serves http://{self.addr}:{self.port}/ - Ctrl-C stops it.")
        self.stdout.flush()
