"""The command line: ``python -m benchmarks [NAME ...] [--quick] [--write]``, by default all of ``MODULES``."""

import argparse
import sys
from dataclasses import replace

from . import alerts, bulk, cost, cpu, fairness, ingest, lists, live, notifications, prune, sqlite
from .bars import bars_table
from .compare import compare_with_stored
from .machine import describe_machine
from .report import MACHINE, PAGES, progress, write
from .scale import FULL, MIN_INCIDENTS, QUICK, TINY
from .servers import available_kinds

MODULES = {
    "alerts": alerts,
    "bulk": bulk,
    "cost": cost,
    "fairness": fairness,
    "cpu": cpu,
    "ingest": ingest,
    "lists": lists,
    "live": live,
    "notifications": notifications,
    "prune": prune,
    "sqlite": sqlite,
}
PAGE_NAMES = " and ".join(page.name for page in PAGES)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MODULES)} (default: all)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="smaller sizes and shorter times")
    size.add_argument("--tiny", action="store_true", help="only check that everything runs")
    parser.add_argument("--write", action="store_true", help=f"update the tables of {PAGE_NAMES}")
    sizes = f"lists: numbers of incidents, {MIN_INCIDENTS} or more, in ascending order"
    parser.add_argument("--sizes", type=int, nargs="+", help=sizes)
    parser.add_argument("--seconds", type=float, help="sqlite: duration")
    kinds = available_kinds()
    parser.add_argument("--servers", nargs="+", choices=kinds, default=kinds, help="ingest: which servers")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(MODULES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(MODULES)}")
    if min(options.sizes or [MIN_INCIDENTS]) < MIN_INCIDENTS:
        parser.error(f"--sizes: at least {MIN_INCIDENTS} incidents, because each kind must occur")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks, print their tables and, with ``--write``, update the page."""
    options = parse(arguments)
    scale = QUICK if options.quick else TINY if options.tiny else FULL
    scale = replace(scale, sizes=tuple(options.sizes or scale.sizes))
    scale = replace(scale, sqlite_seconds=options.seconds or scale.sqlite_seconds)
    tables = {MACHINE: describe_machine()}
    for name in options.names or MODULES:
        arguments = {"kinds": options.servers} if name == "ingest" else {}
        tables |= MODULES[name].measure(scale, **arguments)
    for table in [*tables.values(), bars_table(tables), compare_with_stored(tables)]:
        print(f"\n{table.as_text()}")
    for page in write(tables) if options.write else []:
        progress(f"{page.name} updated")
    progress("done")


if __name__ == "__main__":
    sys.exit(main())
