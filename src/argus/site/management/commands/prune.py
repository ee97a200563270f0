"""``manage.py prune``: forgets what is long over. The only thing in Argus that deletes history, and only when told."""

from time import monotonic

from django.conf import settings
from django.core.management.base import CommandError

from argus.site.retention import Step, steps
from argus.util.commands import ArgusCommand

REPORT_EVERY = 5.0  # seconds


class Command(ArgusCommand):
    help = (
        "Delete incidents that have been over for so many days, with their events, acknowledgements and deliveries; "
        "tags that nothing uses any more; expired tokens and sessions. In small portions: others can work meanwhile, "
        "and it may be stopped and started again at any time. Open incidents are never touched."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, help="how many days are kept (default: $ARGUS_RETENTION_DAYS; without it: refuse)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, *, days: int | None, dry_run: bool, **options):
        days = settings.ARGUS_RETENTION_DAYS if days is None else days
        if days < 1:
            raise CommandError("Say how many days are to be kept, at least one: --days, or ARGUS_RETENTION_DAYS.")
        for step in steps(days):
            if dry_run:
                self.stdout.write(f"{step.name}: {step.count()} would go")
            else:
                self.prune(step)

    def prune(self, step: Step) -> None:
        """Take one step, and say now and then how far it is."""
        total, reported = step.count(), monotonic()

        def report(done: int) -> None:
            nonlocal reported
            if monotonic() - reported >= REPORT_EVERY:
                reported = monotonic()
                self.tell(f"{step.name}: {done} of {total}")

        self.tell(f"{step.name}: {step.run(report)} deleted")

    def tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
