"""``manage.py prune_deliveries``: keeps the ledger from growing forever."""

from datetime import timedelta

from django.core.management.base import CommandError
from django.utils import timezone

from argus.notificationprofile.delivery_log import LEDGER_DAYS
from argus.notificationprofile.outbox import forget_before
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Delete lines of the ledger that are settled and old, in small portions. May be stopped at any time."

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=LEDGER_DAYS, help="how many days the ledger goes back (default: %(default)s)"
        )

    def handle(self, *, days: int, **options):
        if days < 0:
            raise CommandError("--days is a number of days in the past.")
        count = forget_before(timezone.now() - timedelta(days=days))
        self.stdout.write(f"{count} deliveries forgotten.")
