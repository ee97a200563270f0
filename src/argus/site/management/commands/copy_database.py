"""``manage.py copy_database``: moves an installation to another database, such as from SQLite to PostgreSQL."""

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from argus.site.database_copy import connected_to, copy_everything, require_empty, require_migrated
from argus.site.settings.env import env_str, parse_database
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Copy everything from the database of the settings to an empty one, and compare each row. Stop Argus first: "
        "what it writes meanwhile stays behind. Interrupted, it leaves the target without a row; just run it again."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--to",
            metavar="URL",
            help="such as postgresql://argus:secret@localhost/argus (default: $TARGET_DATABASE_URL)",
        )

    def handle(self, *, to: str | None, **options):
        url = to or env_str("TARGET_DATABASE_URL", "")
        if not url:
            raise CommandError("Say where to: --to URL, or TARGET_DATABASE_URL, which no list of processes shows.")
        try:
            target = parse_database(url, name="The target")
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        with connected_to(target):
            require_migrated()
            require_empty()
            call_command("migrate", verbosity=0)
            count = copy_everything(self.report)
        self.stdout.write(
            f"{count} rows are there, each the same. Set DATABASE_URL to the new database, and start Argus."
        )

    def report(self, table: str, count: int) -> None:
        self.stdout.write(f"{table}: {count}")
        self.stdout.flush()
