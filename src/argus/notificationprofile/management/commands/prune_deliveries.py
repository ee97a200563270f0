"""``manage.py prune_deliveries``: delete old deliveries."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from argus.notificationprofile.delivery_log import DELIVERY_RETENTION
from argus.notificationprofile.delivery_queue import prune_deliveries
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Delete settled deliveries that are old, in small portions. It can be interrupted at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=DELIVERY_RETENTION.days,
            help="how many days of deliveries to keep (default: %(default)s)",
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        if days < 0:
            raise CommandError("--days must be 0 or more.")
        count = prune_deliveries(timezone.now() - timedelta(days=days))
        self.stdout.write(f"{count} deliveries deleted.")
