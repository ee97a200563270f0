"""``manage.py setpassword``: set a password in scripts; ``changepassword`` asks for it."""

from argparse import ArgumentParser
from typing import Any

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Set a user's password without any policy. Other users of the machine may see it in the list of processes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")
        parser.add_argument("password", metavar="PASSWORD", help="the new password")

    def handle(self, *, username: str, password: str, **options: Any) -> None:
        services.set_password(services.get_user(username), password, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" has a new password.')
