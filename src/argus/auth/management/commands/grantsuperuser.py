"""``manage.py grantsuperuser``: make a user a superuser."""

from argparse import ArgumentParser
from typing import Any

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Make a user a superuser and member of the staff."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")

    def handle(self, *, username: str, **options: Any) -> None:
        services.set_superuser(services.get_user(username), True, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" is a superuser now.')
