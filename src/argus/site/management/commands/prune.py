"""``manage.py prune``: delete old incidents. Nothing else in Argus deletes history."""

from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from argus.site.retention import Step, steps
from argus.util.commands import ArgusCommand

REPORT_INTERVAL = 5.0  # seconds


class Command(ArgusCommand):
    help = (
        "Delete incidents that ended so many days ago, with their events, acknowledgements and deliveries; unused "
        "tags; expired tokens and sessions. It works in small transactions beside other processes, and can be "
        "interrupted and run again at any time. Open incidents are never deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="days of history to keep (default: $ARGUS_RETENTION_DAYS)")
        parser.add_argument("--dry-run", action="store_true", help="print what would be deleted, and change nothing")

    def handle(self, *, days: int | None, dry_run: bool, **options: Any) -> None:
        days = settings.ARGUS_RETENTION_DAYS if days is None else days
        if days < 1:
            raise CommandError("Set --days or ARGUS_RETENTION_DAYS to the number of days to keep, at least 1.")
        for step in steps(days):
            if dry_run:
                self.stdout.write(f"{step.name}: {step.count()} would be deleted")
            else:
                self.prune(step)

    def prune(self, step: Step) -> None:
        """Run one step, and print its progress every ``REPORT_INTERVAL`` seconds."""
        total, reported = step.count(), monotonic()

        def report(done: int) -> None:
            nonlocal reported
            if monotonic() - reported >= REPORT_INTERVAL:
                reported = monotonic()
                self.write(f"{step.name}: {done} of {total}")

        self.write(f"{step.name}: {step.run(report)} deleted")

    def write(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
