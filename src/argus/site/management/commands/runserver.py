"""``manage.py runserver``: as in every Django project, but with all that ``serve`` serves."""

from django.core.management.base import CommandError
from django.core.management.commands import runserver
from django.utils import autoreload

from argus.site.companion import Companion
from argus.site.web import build_server


class Command(runserver.Command):
    help = "Serve everything for development, and start again when the code changes."

    def inner_run(self, *args, **options):
        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            self.check()
            self.check_migrations()
        self.stdout.write(f"Argus serves http://{self.addr}:{self.port}/ - Ctrl-C stops it.")
        with Companion("send_notifications"):
            try:
                build_server(self.addr, int(self.port)).run()
            except SystemExit:
                raise CommandError(f"Cannot listen on {self.addr}:{self.port}.") from None
