"""The command line: ``python -m benchmarks [NAME ...] [--quick] [--write]``, by default all of ``NAMES``."""

import argparse
import sys
from dataclasses import replace

from . import alerts, bulk, fairness, ingest, lists, live, notifications, parts, prune, sqlite, watching
from .bars import bars_table
from .machine import describe_machine
from .report import MACHINE, PAGES, progress, write
from .scale import FEWEST_INCIDENTS, FULL, QUICK, TINY
from .servers import available_kinds

NAMES = [
    "alerts",
    "bulk",
    "fairness",
    "ingest",
    "lists",
    "live",
    "notifications",
    "parts",
    "prune",
    "sqlite",
    "watching",
]

PAGE_NAMES = " and ".join(page.name for page in PAGES)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to run: {', '.join(NAMES)} (default: all)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="smaller and shorter, for a first look")
    size.add_argument("--tiny", action="store_true", help="only to see that everything works")
    parser.add_argument("--write", action="store_true", help=f"rewrite the tables of {PAGE_NAMES}")
    sizes = f"lists: numbers of incidents, {FEWEST_INCIDENTS} or more, in ascending order"
    parser.add_argument("--sizes", type=int, nargs="+", help=sizes)
    parser.add_argument("--seconds", type=float, help="sqlite: how long")
    kinds = available_kinds()
    parser.add_argument("--servers", nargs="+", choices=kinds, default=kinds, help="ingest: which servers")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    if min(options.sizes or [FEWEST_INCIDENTS]) < FEWEST_INCIDENTS:
        parser.error(f"--sizes: at least {FEWEST_INCIDENTS} incidents, or there are too few of some kinds")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run what was asked for, print the tables and, if told so, write them down."""
    options = parse(arguments)
    scale = QUICK if options.quick else TINY if options.tiny else FULL
    scale = replace(scale, sizes=tuple(options.sizes or scale.sizes))
    scale = replace(scale, sqlite_seconds=options.seconds or scale.sqlite_seconds)
    commands = {
        "alerts": lambda: alerts.measure(scale),
        "bulk": lambda: bulk.measure(scale),
        "fairness": lambda: fairness.measure(scale),
        "ingest": lambda: ingest.measure(scale, kinds=options.servers),
        "lists": lambda: lists.measure(scale),
        "live": lambda: live.measure(scale),
        "notifications": lambda: notifications.measure(scale),
        "parts": lambda: parts.measure(scale),
        "prune": lambda: prune.measure(scale),
        "sqlite": lambda: sqlite.measure(scale),
        "watching": lambda: watching.measure(scale),
    }
    tables = {MACHINE: describe_machine()}
    for name in options.names or NAMES:
        tables |= commands[name]()
    for table in [*tables.values(), bars_table(tables)]:
        print(f"\n{table.as_text()}")
    for page in write(tables) if options.write else []:
        progress(f"{page.name} is rewritten")
    progress("done")


if __name__ == "__main__":
    sys.exit(main())
