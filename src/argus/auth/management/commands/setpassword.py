"""``manage.py setpassword``: set a password, without password validation."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError

from argus.auth import services
from argus.util.commands import PASSWORD_IS_VISIBLE, ArgusCommand

HINT = "Leave the password out: the command asks for it, or reads a line from standard input."


class Command(ArgusCommand):
    help = "Set a user's password, without password validation. Ask for it, or read a line from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")
        parser.add_argument(
            "password", metavar="PASSWORD", nargs="?", help="the new password; other users of this machine can read it"
        )

    def handle(self, *, username: str, password: str | None, **options: Any) -> None:
        user = services.get_user(username)
        if password is None:
            password = read_password(username)
        else:
            self.stderr.write(f"{PASSWORD_IS_VISIBLE} {HINT}")
        services.set_password(user, password, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" has a new password.')


def read_password(username: str) -> str:
    """Ask for the password twice at a terminal; otherwise return the first line of standard input."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    elif (password := getpass(f'New password of "{username}": ')) != getpass("Again: "):
        raise CommandError("The two passwords differ. Nothing was changed.")
    if not password:
        raise CommandError("The password must not be empty. Nothing was changed.")
    return password
