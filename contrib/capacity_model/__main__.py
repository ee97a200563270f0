"""Measure what one incident costs, check the model against real servers, and compute larger installations.

``python -m contrib.capacity_model [--tiny] [--write]``. ``--write`` updates the tables of docs/explanation/scaling.md.
"""

import argparse
import sys
from dataclasses import replace
from statistics import fmean

from benchmarks.figures import milliseconds
from benchmarks.machine import describe_machine
from benchmarks.report import MACHINE, Table, progress, write
from benchmarks.servers import ROOT

from .calibration import MIDDLE, Calibration, calibrate, count_round_trips, post_from, take_rounds
from .mails import send_mails
from .model import Demands, Node, Outcome, Post, simulate
from .rounds import FULL, TINY, Rounds
from .sizing import ASSUMED, demands_table, limits_table, sizes_table
from .trial import Bench, Sample, running_bench
from .usage import CORES

PAGE = ROOT / "docs" / "explanation" / "scaling.md"
# Largest acceptable error of the model.
MAX_ERROR = 0.25
SEEDS = (1, 2, 3)
# Larger nodes: cores and web processes.
LARGER = ((2, 1), (4, 2), (8, 4), (16, 8), (32, 16))
# Resources whose utilisation is shown, with the slower flush.
SHOWN = ("cores", "interpreter", "disk")
# Size of tables and indexes, without the table of the benchmark.
STORED = "SELECT pg_database_size(current_database()) - coalesce(pg_total_relation_size(to_regclass('bare_commit')), 0)"
INCIDENTS = "SELECT count(*) FROM argus_incident_incident"


def measure(rounds: Rounds) -> dict[str, Table]:
    """Measure single parts and the whole, compare the whole with the model, and compute larger nodes."""
    with running_bench() as bench:
        empty, round_trips = bench.one(STORED), count_round_trips(bench)
        samples = take_rounds(bench, rounds)
        progress("model: mails")
        calibration = calibrate(samples, round_trips=round_trips, followers=rounds.few_followers)
        calibration = complete(calibration, bench, empty)
    progress("model: the model")
    return {
        "scaling-demands": demands_table(calibration),
        "scaling-check": check_table(samples, calibration, rounds),
        "scaling-limits": limits_table(calibration),
        "scaling-sizes": sizes_table(calibration),
        "scaling-larger": larger_table(calibration, rounds),
    }


def complete(calibration: Calibration, bench: Bench, empty: int) -> Calibration:
    """Add the values that the simulation does not need."""
    demands = calibration.demands
    return replace(
        calibration,
        stored=(bench.one(STORED) - empty) / bench.one(INCIDENTS),
        message=bench.message_bytes("live"),
        mail=send_mails(bench).seconds_each(demands.event_python + demands.event_sql),
    )


def check_table(samples: dict[str, Sample], calibration: Calibration, rounds: Rounds) -> Table:
    """Compare measured rates with those of the model."""
    single, hundred, few = calibration.single, calibration.list_of(MIDDLE), rounds.few_followers
    alone, live = Node(CORES, 1, has_worker=False), Node(CORES, 8, has_worker=False, publishes=True)
    double = Node(CORES, 8, has_worker=False, processes=2)
    cases = [
        ("a web process alone, 1 connection (fitted)", "plain 1", single, alone),
        ("a web process alone, 8 connections (fitted)", "plain 8", single, replace(alone, connections=8)),
        ("serve, 1 connection", "serve 1", single, Node(CORES, 1)),
        ("serve, 4 connections", "check serve 4", single, Node(CORES, 4)),
        ("serve, 8 connections", "check serve 8", single, Node(CORES, 8)),
        ("serve, lists of 100, 1 connection", "check list", hundred, Node(CORES, 1)),
        ("two web processes, 4 connections", "check double 4", single, replace(double, connections=4)),
        ("two web processes, 8 connections", "check double 8", single, double),
        (f"{few} followers, 8 connections", "check followed", single, replace(live, followers=few)),
    ]
    rows = [check(what, samples[name], node, post, calibration.demands, rounds) for what, name, post, node in cases]
    bare, flush = post_from(samples["commit 1"], 1), Demands(flush=calibration.demands.flush)
    node = Node(CORES, 8, has_worker=False)
    rows.append(check("bare commits, 8 connections", samples["check commits"], node, bare, flush, rounds))
    titles = ["What", "measured /s", "model /s", "error", "measured ms", "model ms", "others' cores"]
    return Table(titles, rows)


def check(what: str, sample: Sample, node: Node, post: Post, demands: Demands, rounds: Rounds) -> list:
    """Simulate a measured case, with the same load of unrelated programs."""
    outcomes = modelled(replace(node, others=sample.strangers), post, demands, rounds)
    rate, mean = fmean(one.rate for one in outcomes), fmean(one.mean for one in outcomes)
    error = rate / sample.rate - 1
    return [
        what,
        f"{sample.rate:.0f}",
        f"{rate:.0f}",
        f"{error:+.0%}{' !' * (abs(error) > MAX_ERROR)}",
        milliseconds(sample.mean),
        milliseconds(mean),
        f"{sample.strangers:.1f}",
    ]


def modelled(node: Node, post: Post, demands: Demands, rounds: Rounds) -> list[Outcome]:
    """Simulate the node once for each seed."""
    return [simulate(node, post, demands, seconds=rounds.modelled_seconds, seed=seed) for seed in SEEDS]


def larger_table(calibration: Calibration, rounds: Rounds) -> Table:
    """Simulate larger nodes, with clients on another machine and eight connections to each process."""
    post, rows = replace(calibration.single, client=0.0), []
    flushes = (calibration.demands.flush, ASSUMED.far_flush)
    for cores, processes in LARGER:
        node = Node(cores, 8 * processes, processes=processes, publishes=processes > 1)
        outcomes = [
            simulate(node, post, replace(calibration.demands, flush=flush), seconds=rounds.modelled_seconds / 3)
            for flush in flushes
        ]
        cells = [f"{one.rate:,.0f}" for one in outcomes]
        busy = outcomes[1].busy
        rows.append([f"{cores} cores, web processes: {processes}", *cells, *(f"{busy[part]:.0%}" for part in SHOWN)])
    columns = [f"flush {flush * 1000:.2f} ms" for flush in flushes]
    return Table(["Incidents /s, one by one", *columns, *(f"{part} busy" for part in SHOWN)], rows)


def main() -> None:
    """Print the tables and, with ``--write``, update the page."""
    parser = argparse.ArgumentParser(prog="python -m contrib.capacity_model", description=__doc__.partition("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="only check that everything runs")
    parser.add_argument("--write", action="store_true", help=f"update the tables of {PAGE.name}")
    options = parser.parse_args()
    tables = {MACHINE: describe_machine()} | measure(TINY if options.tiny else FULL)
    for table in tables.values():
        print(f"\n{table.as_text()}")
    if options.write:
        write(tables, [PAGE])


if __name__ == "__main__":
    sys.exit(main())
