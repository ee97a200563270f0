"""``manage.py create_demo``: something to look at."""

from argus.dev.demo import ensure_operators, fill_day
from argus.dev.demo_inventory import CUSTOMER, fill_inventory
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Fill the database with the last 24 hours of a made-up network: several sources, in every state; and with a "
        "customer who has alerts."
    )

    def handle(self, **options):
        count = fill_day()
        self.stdout.write(
            f"The network's day is there: {count} incidents." if count else "Today's incidents are there already."
        )
        kari, *_ = ensure_operators()
        if count := fill_inventory(kari):
            self.stdout.write(f"{CUSTOMER} is there, with {count} alerts; {kari} sees those on the project.")
