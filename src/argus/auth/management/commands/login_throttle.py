"""``manage.py login_throttle``: list counted login attempts, or forget them."""

from argparse import ArgumentParser
from typing import Any

from argus.auth.login_throttle import find_attempts
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "List the login attempts that are counted. With --reset: forget them, so that the user can log in again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="forget the attempts")
        parser.add_argument("--username", metavar="NAME", help="only attempts for this user name")
        parser.add_argument("--address", metavar="ADDRESS", help="only attempts from this IP address")

    def handle(self, *, reset: bool, username: str | None, address: str | None, **options: Any) -> None:
        rows = find_attempts(username=username, address=address)
        if reset:
            self.stdout.write(f"{rows.delete()[0]} counts of login attempts deleted.")
            return
        for row in rows.order_by("-last_attempt"):
            self.stdout.write(f"{row.last_attempt:%Y-%m-%d %H:%M:%S%z}  {row.attempts:6}  {row}")
