"""``manage.py copy_database``: move an installation to another database, such as from SQLite to PostgreSQL."""

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from environs import ValidationError

from argus.site.database_copy import connected_to, copy_everything, require_empty, require_migrated
from argus.site.settings.env import parse_database_url
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Copy all rows from the database of the settings to an empty one, and compare them. Stop Argus first: rows "
        "that it writes meanwhile are not copied. If it is interrupted, the target stays empty; run it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            metavar="URL",
            help="such as postgresql://argus:secret@localhost/argus (default: $TARGET_DATABASE_URL)",
        )

    def handle(self, *, to: str | None, **options: Any) -> None:
        url = to or os.environ.get("TARGET_DATABASE_URL", "")
        if not url:
            raise CommandError(
                "Name the target: --to URL, or TARGET_DATABASE_URL, which other users of this machine cannot see."
            )
        try:
            target = parse_database_url(url)
        except ValidationError:
            raise CommandError("The target is not a valid database URL.") from None
        with connected_to(target):
            require_migrated()
            require_empty()
            call_command("migrate", verbosity=0)
            count = copy_everything(self.report)
        self.stdout.write(f"{count} rows copied and compared. Set DATABASE_URL to the new database, and start Argus.")

    def report(self, table: str, count: int) -> None:
        """Print how many rows of a table were copied."""
        self.stdout.write(f"{table}: {count}")
        self.stdout.flush()
