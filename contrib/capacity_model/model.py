"""Simulation of Argus on one machine: which process holds which resource, and for how long.

A discrete-event simulation. What makes it one, and not a formula, is that several things are held at a time, such as
the interpreter's lock while waiting for a core, and that commits share what they wait for.

Times are seconds. The same seed gives the same outcome.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from random import Random
from statistics import fmean

import simpy

# Time slice of cores and of the interpreter: CPython's switch interval, which is close to the kernel's.
SLICE = 0.005
# Batch sizes and pauses of Argus.
GATHER, LONGEST_GATHER, SHARE, CHANGES_AT_ONCE, EVENTS_AT_ONCE = 0.05, 0.25, 3, 200, 100


@dataclass(frozen=True)
class Post:
    """What a POST of so many ``incidents`` takes of cores, when they are warm: of the client, of the web process with
    the interpreter's lock (``python``) and without (``kernel``), and of PostgreSQL (``sql``)."""

    client: float
    python: float
    kernel: float
    sql: float
    round_trips: int
    incidents: int = 1


@dataclass(frozen=True)
class Demands:
    """What everything else takes. All but ``flush`` and ``wake`` is time of a core."""

    # One flush of the write-ahead log; idle time of a round trip to PostgreSQL.
    flush: float = 0.0
    wake: float = 0.0
    # Additional cost of Python in an idle process.
    cold: float = 0.0
    # Additional cost if other threads wait for the interpreter: the next one has to wake up.
    contended: float = 0.0
    # Cost of the worker for each batch, and for each event in it.
    batch_python: float = 0.0
    batch_sql: float = 0.0
    event_python: float = 0.0
    event_sql: float = 0.0
    # Publishing a change: once, and for each client, in the server and in the client.
    publish_python: float = 0.0
    publish_sql: float = 0.0
    publish_redis: float = 0.0
    push: float = 0.0
    receive: float = 0.0


@dataclass(frozen=True)
class Node:
    """A machine, its processes and its clients. ``others``: cores used by unrelated programs."""

    cores: int
    connections: int
    processes: int = 1
    threads: int = 8
    has_worker: bool = True
    publishes: bool = False
    followers: int = 0
    others: float = 0.0


@dataclass
class Outcome:
    """Result of a run after the warm-up. ``busy``: utilisation by resource."""

    seconds: float
    incidents: int = 0
    latencies: list[float] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Incidents a second."""
        return self.incidents / self.seconds

    @property
    def requests_per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def mean(self) -> float:
        return fmean(self.latencies) if self.latencies else inf


class Held(simpy.Resource):
    """A resource with a capacity and a queue, which records its utilisation."""

    held = 0.0

    def hold(self, work: Iterator):
        """Hold the resource for the duration of the work."""
        with self.request() as turn:
            yield turn
            began = self._env.now
            yield from work
            self.held += self._env.now - began

    def share(self, seconds: float) -> float:
        """Return the utilisation over this many seconds."""
        return self.held / seconds / self.capacity


class Log:
    """The write-ahead log: one flush at a time covers everything written before it began."""

    def __init__(self, env: simpy.Environment, demands: Demands):
        self.env, self.demands, self.disk = env, demands, Held(env)
        self.written = self.flushed = 0

    def commit(self):
        """Wait until the written data is flushed."""
        self.written += 1
        number = self.written
        while self.flushed < number:
            yield from self.disk.hold(self.write_until(number))

    def write_until(self, number: int):
        """Flush, unless another flush has included this number."""
        if self.flushed < number:
            taken = self.written
            yield self.env.timeout(self.demands.flush)
            self.flushed = taken


class Machine:
    """One run of the simulation."""

    def __init__(self, node: Node, post: Post, demands: Demands, *, seed: int):
        self.node, self.post, self.demands, self.random = node, post, demands, Random(seed)
        self.env = simpy.Environment()
        self.cores = Held(self.env, node.cores)
        self.log = Log(self.env, demands)
        self.client, self.follower, self.redis, self.worker = (Held(self.env) for _ in range(4))
        self.interpreters = [Held(self.env) for _ in range(node.processes)]
        self.threads = [Held(self.env, node.threads) for _ in range(node.processes)]
        self.events = simpy.Container(self.env)
        self.changes = [simpy.Container(self.env) for _ in range(node.processes)]
        self.outcome = Outcome(0.0)

    def run(self, seconds: float, warm_up: float) -> Outcome:
        """Run for this many seconds after the warm-up; return the result."""
        for number in range(self.node.connections):
            # The kernel assigns connections to processes at random.
            self.env.process(self.connection(self.random.randrange(self.node.processes) if number else 0))
        if self.node.has_worker:
            self.env.process(self.work())
        if self.node.publishes:
            for process in range(self.node.processes):
                self.env.process(self.publish(process))
        for number in range(int(self.node.others) + 1):
            self.env.process(self.stranger(min(1.0, self.node.others - number)))
        self.env.run(warm_up)
        self.begin()
        self.env.run(warm_up + seconds)
        return self.end(seconds)

    def parts(self) -> dict[str, Held]:
        """Return the resources by name. Of the interpreters, only the first, which certainly has a connection."""
        return {
            "cores": self.cores,
            "interpreter": self.interpreters[0],
            "disk": self.log.disk,
            "worker": self.worker,
            "redis": self.redis,
        }

    def begin(self) -> None:
        self.outcome = Outcome(0.0)
        for part in self.parts().values():
            part.held = 0.0

    def end(self, seconds: float) -> Outcome:
        self.outcome.seconds = seconds
        self.outcome.busy = {name: part.share(seconds) for name, part in self.parts().items()}
        return self.outcome

    def compute(self, seconds: float, lock: Held | None = None, cold: float = 0.0, contended: float = 0.0):
        """Use a core for about this long in slices, with the interpreter's lock if one is given.

        ``cold`` is added if the lock is free, ``contended`` if it is held.
        """
        left = seconds * self.random.uniform(0.5, 1.5)
        if lock:
            left += contended if lock.count else cold
        while left > 0:
            work = self.cores.hold(self.spend(min(left, SLICE)))
            left -= SLICE
            yield from lock.hold(work) if lock else work

    def spend(self, seconds: float):
        yield self.env.timeout(seconds)

    def connection(self, process: int):
        """Send one POST after the other."""
        while True:
            began = self.env.now
            yield from self.compute(self.post.client, self.client)
            yield from self.threads[process].hold(self.answer(process))
            self.outcome.latencies.append(self.env.now - began)
            self.outcome.incidents += self.post.incidents
            if self.node.has_worker:
                self.events.put(self.post.incidents)
            if self.node.publishes:
                self.changes[process].put(self.post.incidents)

    def answer(self, process: int):
        """Alternate between Python and PostgreSQL; the last round trip is the commit."""
        post, demands, interpreter = self.post, self.demands, self.interpreters[process]
        parts = post.round_trips + 1
        for number in range(parts):
            yield from self.compute(post.python / parts, interpreter, demands.cold, demands.contended)
            yield from self.compute(post.kernel / parts)
            if number < post.round_trips:
                yield self.env.timeout(demands.wake)
                yield from self.compute(post.sql / post.round_trips)
            if number == post.round_trips - 1:
                yield from self.log.commit()

    def work(self):
        """Route events in batches, without waiting for the disk."""
        while True:
            yield self.events.get(1)
            number = 1 + min(int(self.events.level), EVENTS_AT_ONCE - 1)
            if number > 1:
                yield self.events.get(number - 1)
            yield from self.worker.hold(self.look_through(number))

    def look_through(self, number: int):
        demands = self.demands
        yield from self.compute(demands.batch_python + number * demands.event_python)
        yield from self.compute(demands.batch_sql + number * demands.event_sql)

    def publish(self, process: int):
        """Publish changes in batches, with pauses."""
        demands, changes, interpreter = self.demands, self.changes[process], self.interpreters[process]
        while True:
            yield changes.get(1)
            began = self.env.now
            number = 1 + min(int(changes.level), CHANGES_AT_ONCE - 1)
            if number > 1:
                yield changes.get(number - 1)
            yield from self.compute(number * demands.publish_python, interpreter)
            yield from self.compute(number * demands.publish_sql)
            yield from self.compute(number * demands.publish_redis, self.redis)
            for one in range(self.node.processes):
                self.env.process(self.push(one, number))
            took = self.env.now - began
            yield self.env.timeout(min(LONGEST_GATHER, max(GATHER - took, SHARE * took)))

    def push(self, process: int, changes: int):
        """Push changes to the clients of one process."""
        pushes = changes * self.node.followers / self.node.processes
        yield from self.compute(pushes * self.demands.push, self.interpreters[process])
        yield from self.compute(pushes * self.demands.receive, self.follower)

    def stranger(self, share: float):
        """Keep a core busy for this share of the time, if it is free."""
        while share > 0:
            yield from self.cores.hold(self.spend(SLICE * share))
            yield self.env.timeout(SLICE * (1 - share))


def simulate(node: Node, post: Post, demands: Demands, *, seconds: float, seed: int = 1) -> Outcome:
    """Simulate the node for this many seconds after a warm-up of a third of that; return the result."""
    return Machine(node, post, demands, seed=seed).run(seconds, warm_up=seconds / 3)
