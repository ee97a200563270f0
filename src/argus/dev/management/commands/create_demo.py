"""``manage.py create_demo``: something to look at."""

from argus.auth.management.base import PlainCommand
from argus.dev.demo import fill_day


class Command(PlainCommand):
    help = "Fill the database with the last 24 hours of a made-up network: several sources, in every state."

    def handle(self, **options):
        count = fill_day()
        self.stdout.write(
            f"The network's day is there: {count} incidents." if count else "Today's incidents are there already."
        )
