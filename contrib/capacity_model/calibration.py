"""Calibration: turn measurements of single parts into input of the model."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from time import sleep

from benchmarks.ingest import BLOCK, count_queries
from benchmarks.report import progress

from .commits import TABLE, commit, flush
from .model import Demands, Node, Post, simulate
from .rounds import Rounds
from .trial import SETTLE_TIME, Bench, Sample
from .usage import CORES

# BEGIN, COMMIT and the health check of the connection, which are not counted as queries.
UNCOUNTED = 3
SHORT, MIDDLE, LONG = 10, 100, 1_000
PARTS = ("client", "python", "kernel", "sql")
# Seconds of the simulated clock.
SIMULATED = 4.0


@dataclass(frozen=True)
class Calibration:
    """Input of the model and of the arithmetic.

    For one incident: bytes of the write-ahead log, of tables and indexes, and of the message to a client. For one mail:
    seconds of a worker.
    """

    single: Post
    list_fixed: Post
    list_item: Post
    demands: Demands
    wal: float
    wal_in_lists: float
    stored: float = 0.0
    message: int = 0
    mail: float = 0.0

    def list_of(self, incidents: int) -> Post:
        """Return the cost of a list: a fixed part, and a part for each incident."""
        fixed, item = self.list_fixed, self.list_item
        parts = {name: max(0.0, getattr(fixed, name) + incidents * getattr(item, name)) for name in PARTS}
        return replace(fixed, incidents=incidents, **parts)


def take_rounds(bench: Bench, rounds: Rounds) -> dict[str, Sample]:
    """Return samples by name. Those named ``check`` are compared with predictions, the others are input."""
    samples: dict[str, Sample] = defaultdict(Sample)
    bench.one(f"{TABLE}; SELECT 1")
    for server in bench.servers:
        bench.post(server, connections=8, seconds=rounds.seconds)
    bench.drain()
    for number in range(rounds.rounds):
        progress(f"model: round {number + 1} of {rounds.rounds}")
        for measure in (parts_alone, parts_together):
            for name, sample in measure(bench, rounds):
                samples[name].add(sample)
    return samples


def parts_alone(bench: Bench, rounds: Rounds) -> Iterator[tuple[str, Sample]]:
    """Yield samples of the web process alone, of the worker alone, and of pushing to clients."""
    seconds, lists = rounds.seconds, rounds.lists
    bench.halt_worker()
    for connections in (1, 8):
        yield f"plain {connections}", bench.post("plain", connections=connections, seconds=seconds)
    yield "short list", bench.post_lists("plain", SHORT, lists * 10)
    yield "long list", bench.post_lists("plain", LONG, lists)
    yield "worker", bench.drain()
    yield "serve 1", bench.post("plain", connections=1, seconds=seconds)
    bench.drain()
    # Without clients, a server renders nothing.
    for name, number in (("one client", 1), ("few clients", rounds.few_followers)):
        with bench.followed("live", number):
            yield name, bench.post_lists("live", LONG, lists, until=partial(sleep, SETTLE_TIME))
    yield "flush", flush(bench, seconds / 3)
    yield "commit 1", commit(bench, connections=1, seconds=seconds / 2)


def parts_together(bench: Bench, rounds: Rounds) -> Iterator[tuple[str, Sample]]:
    """Yield samples of the cases that the model predicts."""
    seconds = rounds.seconds
    for connections in (4, 8):
        yield f"check serve {connections}", bench.post("plain", connections=connections, seconds=seconds)
        bench.drain()
    yield "check list", bench.post_lists("plain", MIDDLE, rounds.lists * 5)
    bench.drain()
    for connections in (4, 8):
        yield f"check double {connections}", bench.post("double", connections=connections, seconds=seconds)
    with bench.followed("live", rounds.few_followers):
        yield "check followed", bench.post("live", connections=8, seconds=seconds)
    # The speed of the disk varies, so it is measured again next to the commits.
    yield "flush", flush(bench, seconds / 3)
    yield "check commits", commit(bench, connections=8, seconds=seconds / 2)


def calibrate(samples: dict[str, Sample], *, round_trips: int, followers: int) -> Calibration:
    """Turn samples of single parts into the input of the model."""
    alone, busy, worker, serve = (samples[name] for name in ("plain 1", "plain 8", "worker", "serve 1"))
    long, told, followed = (samples[name] for name in ("long list", "one client", "few clients"))
    single = post_from(busy, round_trips)
    event_python, event_sql = worker.per_incident("worker"), worker.per_incident("sql")
    others = followers - 1
    demands = Demands(
        flush=median(samples["flush"].latencies),
        cold=beyond(alone.per_request("web"), busy.per_request("web")) / (round_trips + 1),
        batch_python=beyond(serve.per_request("worker"), event_python),
        batch_sql=beyond(serve.per_request("sql"), alone.per_request("sql") + event_sql),
        event_python=event_python,
        event_sql=event_sql,
        publish_python=beyond(told.per_incident("web"), long.per_incident("web")),
        publish_sql=beyond(told.per_incident("sql"), long.per_incident("sql")),
        publish_redis=told.per_incident("redis"),
        push=beyond(followed.per_incident("web"), told.per_incident("web")) / others,
        receive=followed.per_incident("followers") / followers,
    )
    one = Node(CORES, 1, has_worker=False)
    demands = replace(demands, wake=idle_time(alone, single, demands, one))
    demands = replace(demands, contended=time_lost(busy, single, demands, replace(one, connections=8)))
    fixed, item = line_through(post_from(samples["short list"], round_trips), post_from(long, round_trips))
    return Calibration(
        single, fixed, item, demands, wal=busy.wal / busy.incidents, wal_in_lists=long.wal / long.incidents
    )


def beyond(whole: float, part: float) -> float:
    """Return the difference, or 0 if noise makes it negative."""
    return max(0.0, whole - part)


def post_from(sample: Sample, round_trips: int) -> Post:
    """Return the cost of one request of a sample."""
    web = sample.cpu["web"]
    return Post(
        client=sample.per_request("client"),
        python=web.user / sample.requests,
        kernel=web.system / sample.requests,
        sql=sample.per_request("sql"),
        round_trips=round_trips,
        incidents=sample.incidents // sample.requests,
    )


def line_through(short: Post, long: Post) -> tuple[Post, Post]:
    """Return the fixed cost of a list and the cost of each incident in it."""
    more = long.incidents - short.incidents
    item = {name: (getattr(long, name) - getattr(short, name)) / more for name in PARTS}
    fixed = {name: getattr(short, name) - short.incidents * item[name] for name in PARTS}
    return replace(short, **fixed), replace(short, **item, incidents=1)


def idle_time(alone: Sample, post: Post, demands: Demands, node: Node) -> float:
    """Return the idle time of a round trip: one connection takes longer than the sum of its parts."""
    node = replace(node, others=alone.strangers)
    modelled = simulate(node, post, demands, seconds=SIMULATED).mean
    return beyond(alone.mean, modelled) / post.round_trips


def time_lost(busy: Sample, post: Post, demands: Demands, node: Node) -> float:
    """Return the cost of waiting for the interpreter: eight connections are slower than their parts."""
    modelled = simulate(replace(node, others=busy.strangers), post, demands, seconds=SIMULATED)
    return beyond(1 / busy.rate, 1 / modelled.rate) / (post.round_trips + 1)


def count_round_trips(bench: Bench) -> int:
    """Return the number of round trips to PostgreSQL in one POST."""
    queries = count_queries(
        bench.servers["plain"].url, bench.accounts.sources[0]["token"], next(bench.blocks) * BLOCK + 1
    )
    return queries + UNCOUNTED
