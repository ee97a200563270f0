"""Sizes and durations of the benchmarks: full, quick, or just enough to check that they run."""

from dataclasses import dataclass

# With fewer incidents, too few are open to be acknowledged and closed.
MIN_INCIDENTS = 600


@dataclass(frozen=True)
class Scale:
    """Sizes and durations; durations are in seconds and do not include starting and loading."""

    # ingest: pairs of short rounds, one of each kind, at each concurrency; rounds beside something else
    concurrencies: tuple[int, ...] = (1, 4, 8)
    warm_up_seconds: float = 2.0
    known_incidents: int = 5_000
    ingest_pairs: int = 16
    pair_seconds: float = 0.4
    ingest_rounds: int = 5
    ingest_seconds: float = 1.0
    # events (acks and closes) of each kind, here and in lists
    events: int = 100
    # bulk: rounds, incidents in each of each kind; incidents that are open at the source
    bulk_rounds: int = 3
    bulk_incidents: int = 1_000
    open_set: int = 5_000
    # cost: incidents in the largest open set
    cost_incidents: int = 10_000
    # lists: incidents loaded; rounds of each case at each size
    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    list_rounds: int = 2
    list_seconds: float = 0.15
    # alerts: loaded, and on how many projects (whole customers of 40); each case for each role
    alerts: int = 200_000
    projects: int = 2_000
    alert_seconds: float = 0.6
    # cpu: rounds of each kind of request
    cpu_rounds: int = 5
    cpu_seconds: float = 0.7
    # prune: incidents loaded
    pruned: int = 30_000
    # fairness
    fairness_seconds: float = 2.5
    # sqlite
    writers: int = 8
    sqlite_seconds: float = 15.0
    # notifications: profiles; events that people are selected for; mails that are timed
    profiles: int = 1_000
    selected_events: int = 500
    mail_rounds: int = 5
    events_per_second: int = 50
    steady_seconds: float = 10.0
    load_seconds: float = 5.0
    # live: clients of the websocket, in the steady stream and beside a full load
    followers: int = 500
    few_followers: int = 20
    changes_per_second: int = 50
    live_seconds: float = 30.0


FULL = Scale()
QUICK = Scale(
    bulk_rounds=1,
    open_set=1_000,
    ingest_pairs=6,
    ingest_rounds=3,
    ingest_seconds=0.7,
    sizes=(10_000, 100_000),
    list_rounds=2,
    list_seconds=0.1,
    alerts=20_000,
    projects=400,
    alert_seconds=0.2,
    cpu_rounds=3,
    cpu_seconds=0.5,
    pruned=20_000,
    fairness_seconds=2.0,
    sqlite_seconds=10.0,
    selected_events=100,
    mail_rounds=3,
    steady_seconds=4.0,
    load_seconds=3.0,
    live_seconds=10.0,
)
TINY = Scale(
    bulk_rounds=1,
    bulk_incidents=1,
    open_set=20,
    cost_incidents=20,
    concurrencies=(2,),
    warm_up_seconds=0.1,
    known_incidents=20,
    ingest_pairs=1,
    pair_seconds=0.1,
    ingest_rounds=1,
    ingest_seconds=0.1,
    events=2,
    sizes=(MIN_INCIDENTS,),
    list_rounds=1,
    list_seconds=0.01,
    alerts=200,
    projects=40,
    alert_seconds=0.01,
    cpu_rounds=1,
    cpu_seconds=0.05,
    pruned=2_000,
    fairness_seconds=0.2,
    writers=2,
    sqlite_seconds=0.3,
    profiles=210,
    selected_events=2,
    mail_rounds=1,
    steady_seconds=0.1,
    load_seconds=0.1,
    followers=5,
    few_followers=2,
    live_seconds=0.2,
)
