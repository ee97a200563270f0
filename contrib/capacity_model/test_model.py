"""The simulation obeys the laws of queueing theory, and the arithmetic built on it is right."""

from dataclasses import replace

import pytest

from .calibration import Calibration, beyond, line_through
from .model import Demands, Node, Post, simulate
from .sizing import Incident, limits_table, sizes_table

POST = Post(client=0.0003, python=0.004, kernel=0.0005, sql=0.002, round_trips=8)
DEMANDS = Demands(
    flush=0.001,
    wake=0.0001,
    batch_python=0.002,
    event_python=0.0001,
    publish_python=0.0001,
    publish_redis=0.00005,
    push=0.00001,
    receive=0.000005,
)
ROOMY = Node(cores=64, connections=8, has_worker=False)


def run(node: Node, post: Post = POST, demands: Demands = DEMANDS, *, seed: int = 1, seconds: float = 2.0):
    return simulate(node, post, demands, seconds=seconds, seed=seed)


def test_same_seed_gives_the_same_outcome_and_another_seed_another():
    node = Node(cores=2, connections=4, processes=2, publishes=True, followers=3, others=0.5)

    assert run(node) == run(node)
    assert run(node).latencies != run(node, seed=2).latencies


def test_one_connection_takes_the_sum_of_its_parts():
    outcome = run(replace(ROOMY, connections=1))

    parts = POST.client + POST.python + POST.kernel + POST.sql + POST.round_trips * DEMANDS.wake + DEMANDS.flush
    assert outcome.mean == pytest.approx(parts, rel=0.03)


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_rate_times_time_is_the_number_of_connections(connections):
    """Little's law."""
    outcome = run(replace(ROOMY, connections=connections))

    assert outcome.requests_per_second * outcome.mean == pytest.approx(connections, rel=0.05)


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_utilisation_is_rate_times_demand(connections):
    """The utilisation law."""
    outcome = run(replace(ROOMY, cores=2, connections=connections))

    demands = {
        "cores": (POST.client + POST.python + POST.kernel + POST.sql) / 2,
        "interpreter": POST.python,
    }
    # The interpreter is held while its holder waits for a core, too.
    assert outcome.busy["interpreter"] >= outcome.rate * demands.pop("interpreter") * 0.95
    for part, demand in demands.items():
        assert outcome.busy[part] == pytest.approx(outcome.rate * demand, rel=0.05)


@pytest.mark.parametrize(
    ("node", "post", "bound"),
    [
        (ROOMY, POST, 1 / POST.python),
        (replace(ROOMY, cores=1, connections=16), POST, 1 / (POST.client + POST.python + POST.kernel + POST.sql)),
        (ROOMY, replace(POST, client=0.01), 1 / 0.01),
    ],
    ids=["interpreter", "core", "client"],
)
def test_rate_approaches_the_bound_of_the_scarcest_part(node, post, bound):
    outcome = run(node, post)

    # Parts vary at random, so a little more than the bound may come by chance.
    assert bound * 0.9 < outcome.rate < bound * 1.05


def test_more_processes_with_enough_cores_are_never_slower():
    rates = [run(replace(ROOMY, connections=16, processes=number), seconds=1.0).rate for number in (1, 2, 4)]

    assert rates == sorted(rates)
    assert rates[2] > 2 * rates[0]


def test_commits_share_a_flush():
    quick, disk = Post(client=0, python=0.00001, kernel=0, sql=0.00001, round_trips=1), Demands(flush=0.001)

    alone, many = (
        run(replace(ROOMY, connections=number, threads=16), quick, disk, seconds=0.5).rate for number in (1, 16)
    )

    assert alone == pytest.approx(1 / disk.flush, rel=0.05)
    # Who is there when a flush begins goes with it; the others wait for the next one.
    assert 7 * alone < many <= 16 / disk.flush


def test_contention_costs_only_concurrent_requests():
    demands = replace(DEMANDS, contended=0.0002)

    for connections, slower in ((1, 1.0), (8, 1 + 9 * demands.contended / POST.python)):
        node = replace(ROOMY, connections=connections)
        assert run(node).rate / run(node, demands=demands).rate == pytest.approx(slower, rel=0.05)


def test_other_programs_and_clients_reduce_the_rate():
    node = Node(cores=2, connections=8, has_worker=False, publishes=True)
    rates = [run(one).rate for one in (node, replace(node, followers=50), replace(node, others=1.0))]

    assert rates[0] > rates[1]
    assert rates[0] > rates[2]


def test_batches_of_events_cost_less_each():
    seldom, often = (run(replace(ROOMY, connections=number, has_worker=True)) for number in (1, 8))

    assert often.busy["worker"] / often.rate < seldom.busy["worker"] / seldom.rate


def test_line_through_two_lists_contains_both():
    short = Post(client=0.001, python=0.010, kernel=0.001, sql=0.006, round_trips=8, incidents=10)
    long = Post(client=0.010, python=0.208, kernel=0.001, sql=0.105, round_trips=8, incidents=1_000)

    calibration = calibrated(*line_through(short, long))

    for post in (short, long):
        assert calibration.list_of(post.incidents).python == pytest.approx(post.python)
        assert calibration.list_of(post.incidents).sql == pytest.approx(post.sql)


def test_noise_does_not_make_a_demand_negative():
    assert beyond(1.0, 1.5) == 0
    assert beyond(1.5, 1.0) == 0.5


def calibrated(fixed: Post, item: Post) -> Calibration:
    return Calibration(POST, fixed, item, DEMANDS, wal=4_000, wal_in_lists=4_000, stored=2_000, message=900, mail=0.005)


FIXED = Post(client=0, python=0.006, kernel=0, sql=0.004, round_trips=8, incidents=10)
ITEM = replace(FIXED, python=0.0002, sql=0.0001, incidents=1)


def test_sizes_are_rates_times_demands():
    table = sizes_table(calibrated(FIXED, ITEM))
    row = dict(zip(table.titles, table.rows[0], strict=True))

    assert row["Incidents /s"] == "1,000 one by one"
    # 1 000 a second times (4 + 0.5 + 0.1) ms is 4.6 cores, of each of which seven tenths are used.
    assert row["web cores"] == 7
    assert (row["commits /s"], row["log MB/s"], row["GB a day"]) == ("1,000", "4", "173")
    assert (row["first"], row["busy"]) == ("the routing worker", "10%")


def test_limits_are_reciprocals_of_demands():
    calibration = calibrated(FIXED, ITEM)
    table = limits_table(calibration)

    single = {row[0]: row[1] for row in table.rows}
    assert single["one web process"] == f"{1 / (POST.python + DEMANDS.publish_python):,.0f}"
    name, seconds = Incident.of(calibration, 100).first_limit()
    assert name == "the routing worker"
    assert seconds == pytest.approx(DEMANDS.event_python + DEMANDS.event_sql)
