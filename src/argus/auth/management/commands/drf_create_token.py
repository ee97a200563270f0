"""``manage.py drf_create_token``: create the API token of a user. The name is that of REST framework's command."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from argus.auth import services
from argus.auth.authtoken.models import Kind
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Create the API token of a user and print it. It is not shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")
        parser.add_argument("-r", "--reset", action="store_true", help="replace the token that the user has")

    def handle(self, *, username: str, reset: bool, **options: Any) -> None:
        user = services.get_user(username)
        if not reset and user.tokens.filter(kind=Kind.API).exists():
            raise CommandError(f'"{username}" has a token, which cannot be shown again. Replace it with --reset.')
        token = services.replace_token(user, actor=services.COMMAND_LINE)
        self.stdout.write(f"Generated token {token.key} for user {username}")
