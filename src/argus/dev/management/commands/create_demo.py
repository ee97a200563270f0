"""``manage.py create_demo``: fill the database with demo data."""

from typing import Any

from argus.dev.demo import ensure_operators, fill_day
from argus.dev.demo_inventory import CUSTOMER, fill_inventory
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Fill the database with the last 24 hours of a fictitious network: incidents of several sources in every "
        "state, operators with notification profiles, and a customer with alerts. Workers send the notifications."
    )

    def handle(self, **options: Any) -> None:
        count = fill_day()
        self.stdout.write(f"{count} incidents created." if count else "Today's incidents exist already.")
        kari, *others = ensure_operators()
        self.stdout.write(f"Users with notification profiles: {', '.join(map(str, [kari, *others]))}.")
        if count := fill_inventory(kari):
            self.stdout.write(f"{CUSTOMER} created, with {count} alerts; {kari} sees those of the project.")
