"""``manage.py revokesuperuser``: revoke the rights of a superuser."""

from argparse import ArgumentParser
from typing import Any

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Revoke superuser and staff rights of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")

    def handle(self, *, username: str, **options: Any) -> None:
        services.set_superuser(services.get_user(username), False, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" is no superuser any more.')
