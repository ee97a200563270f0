"""Sizes of installations by the utilisation law: utilisation of a part = rate * cost of one incident.

Nothing is simulated here.
"""

from dataclasses import dataclass
from math import ceil

from benchmarks.report import Table

from .calibration import Calibration

RATES = (1_000, 10_000, 100_000)
LISTS = (1, 100, 1_000)
DAY = 86_400


@dataclass(frozen=True)
class Assumed:
    """Values that are assumed, not measured."""

    # Planned utilisation; the rest is for bursts, lists and everything else.
    share: float = 0.7
    # The largest PostgreSQL server: cores, and bytes of log a second.
    cores: int = 64
    log: float = 500e6
    # Seconds for a flush over a network.
    far_flush: float = 0.001
    # Websocket clients of one web process.
    followers: int = 100


ASSUMED = Assumed()


@dataclass(frozen=True)
class Incident:
    """Cost of one incident in a list of ``size``: processor seconds, bytes, share of a commit."""

    size: int
    python: float
    web: float
    sql: float
    worker: float
    redis: float
    push: float
    commits: float
    wal: float
    stored: float

    @classmethod
    def of(cls, calibration: Calibration, size: int) -> "Incident":
        """Divide the cost of a list by its incidents."""
        demands, is_single = calibration.demands, size == 1
        post = calibration.single if is_single else calibration.list_of(size)
        python = post.python + demands.contended * (post.round_trips + 1)
        return cls(
            size=size,
            python=python / size + demands.publish_python,
            web=(python + post.kernel) / size + demands.publish_python,
            sql=post.sql / size + demands.publish_sql + demands.event_sql,
            worker=demands.event_python + demands.event_sql,
            redis=demands.publish_redis,
            push=demands.push,
            commits=1 / size,
            wal=calibration.wal if is_single else calibration.wal_in_lists,
            stored=calibration.stored,
        )

    def limits(self) -> dict[str, float]:
        """Return the seconds of each part that more machines do not multiply, by name.

        The reciprocal is the largest rate. Commits are not among them, because they share a flush.
        """
        return {
            "PostgreSQL's processors": self.sql / ASSUMED.cores,
            "write-ahead log": self.wal / ASSUMED.log,
            "the routing worker": self.worker,
            "the journal in Redis": self.redis,
        }

    def first_limit(self) -> tuple[str, float]:
        """Return the part that saturates first, and its seconds for one incident."""
        return max(self.limits().items(), key=lambda one: one[1])


def demands_table(calibration: Calibration) -> Table:
    """Return the cost of one incident, alone and in lists."""
    incidents = [Incident.of(calibration, size) for size in LISTS]
    demands = calibration.demands
    rows = [
        ["web process, with the interpreter's lock, ms", *(f"{one.python * 1000:.2f}" for one in incidents)],
        ["web process, all, ms", *(f"{one.web * 1000:.2f}" for one in incidents)],
        ["PostgreSQL, ms", *(f"{one.sql * 1000:.2f}" for one in incidents)],
        ["worker, routing, ms", *(f"{one.worker * 1000:.2f}" for one in incidents)],
        ["Redis, ms", *(f"{one.redis * 1000:.3f}" for one in incidents)],
        ["push to one follower, ms", *(f"{one.push * 1000:.4f}" for one in incidents)],
        ["write-ahead log, bytes", *(f"{one.wal:,.0f}" for one in incidents)],
        ["tables and indexes, bytes", *(f"{one.stored:,.0f}" for one in incidents)],
        ["message to one follower, bytes", *(f"{calibration.message:,}" for _ in incidents)],
        ["commits", *(f"{one.commits:g}" for one in incidents)],
        ["a flush of the log, ms", *([f"{demands.flush * 1000:.2f}"] * len(incidents))],
        ["one mail, ms of a worker", *([f"{calibration.mail * 1000:.1f}"] * len(incidents))],
    ]
    return Table(["One incident takes", *titles()], rows)


def titles() -> list[str]:
    """Return the titles of the columns for lists."""
    return ["one by one", *(f"in lists of {size:,}" for size in LISTS[1:])]


def limits_table(calibration: Calibration) -> Table:
    """Return the largest rate of each part that cannot be multiplied."""
    incidents = [Incident.of(calibration, size) for size in LISTS]
    number = ASSUMED.followers
    rows = [["one web process", *most(one.python for one in incidents)]]
    followed = most(one.python + number * one.push for one in incidents)
    rows.append([f"one web process with {number} followers", *followed])
    names = {
        "PostgreSQL's processors": f"PostgreSQL with {ASSUMED.cores} cores",
        "write-ahead log": f"write-ahead log at {ASSUMED.log / 1e6:.0f} MB/s",
        "the routing worker": "the routing worker",
        "the journal in Redis": "the journal in Redis",
    }
    rows += [[what, *most(one.limits()[name] for one in incidents)] for name, what in names.items()]
    rows.append(["one worker, a mail for each incident", *most(one.worker + calibration.mail for one in incidents)])
    return Table(["Incidents /s at most", *titles()], rows)


def most(seconds) -> list[str]:
    """Return the reciprocals: rates at which a part is fully busy."""
    return [f"{1 / one:,.0f}" if one else "no limit" for one in seconds]


def sizes_table(calibration: Calibration) -> Table:
    """Return the resources for several rates, and the part that saturates first."""
    rows = [size_row(calibration, rate, size) for rate in RATES for size in LISTS]
    columns = [
        "web cores",
        "PostgreSQL cores",
        "commits /s",
        "log MB/s",
        "GB a day",
        "follower Mbit/s",
        "first",
        "busy",
    ]
    return Table(["Incidents /s", *columns], rows)


def size_row(calibration: Calibration, rate: int, size: int) -> list:
    """Return the row of one rate and list size."""
    one = Incident.of(calibration, size)
    name, seconds = one.first_limit()
    how = "one by one" if size == 1 else f"lists of {size:,}"
    return [
        f"{rate:,} {how}",
        ceil(rate * one.web / ASSUMED.share),
        ceil(rate * one.sql / ASSUMED.share),
        f"{rate * one.commits:,.0f}",
        f"{rate * one.wal / 1e6:,.0f}",
        f"{rate * one.stored * DAY / 1e9:,.0f}",
        f"{rate * calibration.message * 8 / 1e6:,.0f}",
        name,
        f"{rate * seconds:.0%}{' !' * (rate * seconds > ASSUMED.share)}",
    ]
