"""Notifications: cost of many profiles for ingest, selection of recipients, time from event to mail server."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from statistics import median

from tests.servers import running, running_postgres
from tests.smtp_sink import HOST, Sink, running_sink

from .client import LoadClient, ask, running_client
from .figures import milliseconds, percentile, times
from .ingest import INCIDENTS
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ArgusServer, prepare, said_by
from .workload import incident_body

# Numbers far above those of the load, so that no incident is posted twice.
numbers = count(10**9)
# Recipients of an incident, and incidents in a burst.
RECIPIENTS, BURST, BUSY = 10, 20, 8
MAIL_TIMEOUT = 120
ABOUT = re.compile(rb"^X-Argus-Incident: (\d+)", re.MULTILINE)


class Mailing:
    """A server whose worker sends to the mail server of the benchmark."""

    def __init__(self, server: ArgusServer, sink: Sink, token: str):
        self.server, self.sink, self.token = server, sink, token
        self.arrived: list[tuple[str, float]] = []

    def post(self, recipients: int = 1, first: int = 0) -> str:
        """Post an incident that matches the profiles of ``recipients`` users; return its pk."""
        hosts = [f"host=host-{10 * number}.example.org" for number in range(first, first + recipients)]
        body = incident_body(next(numbers)) | {"tags": [{"tag": tag} for tag in ["problem_type=linkDown", *hosts]]}
        content, _ = ask(self.server.url, INCIDENTS, self.token, method="POST", body=body)
        return str(json.loads(content)["pk"])

    def times_of(self, incidents: set[str], mails: int) -> dict[str, float]:
        """Wait for this number of mails about the incidents; return the arrival time of the last one of each."""
        deadline = time.monotonic() + MAIL_TIMEOUT
        arrived: list[tuple[str, float]] = []
        while len(arrived) < mails and time.monotonic() < deadline:
            time.sleep(0.05)
            self.look_into_new_mails()
            arrived = [(incident, at) for incident, at in self.arrived if incident in incidents]
        if len(arrived) < mails:
            raise TimeoutError(f"{len(arrived)} of {mails} mails came within {MAIL_TIMEOUT} s.")
        # Of each incident the latest is what stays.
        return dict(sorted(arrived, key=lambda one: one[1]))

    def look_into_new_mails(self) -> None:
        """Record the incident of each new mail. A full parser would take part of the measured time."""
        for mail in self.sink.messages[len(self.arrived) :]:
            self.arrived.append((ABOUT.search(mail.raw)[1].decode(), mail.at))

    def last_mail(self, burst: int = 0) -> float:
        """Return the seconds until all mails of an incident have arrived, after a burst of others."""
        for number in range(burst):
            self.post(RECIPIENTS, first=RECIPIENTS * number)
        started = time.monotonic()
        incident = self.post(RECIPIENTS)
        return self.times_of({incident}, RECIPIENTS)[incident] - started

    def steady(self, rate: int, seconds: float) -> list[float]:
        """Post ``rate`` events a second; return the seconds from each answer to its mail."""
        posted: dict[str, float] = {}

        def post() -> None:
            incident = self.post()
            posted[incident] = time.monotonic()

        with ThreadPoolExecutor(4) as pool:
            for _ in range(max(1, int(rate * seconds))):
                pool.submit(post)
                time.sleep(1 / rate)
        arrived = self.times_of(set(posted), len(posted))
        return [max(0.0, arrived[incident] - at) for incident, at in posted.items()]


def measure(scale: Scale) -> dict[str, Table]:
    """Compare a PostgreSQL with many profiles with one without profiles."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as none, running_client() as client:
        empty = prepare(none.url, profiles=0)
        with running_postgres(durable=True, **POSTGRES_SETTINGS) as many, running_sink() as sink:
            progress(f"notifications: {scale.profiles} profiles")
            full = prepare(many.url, profiles=scale.profiles)
            with mailing(many.url, sink, full.sources[0]["token"]) as busy:
                with running(ArgusServer(none.url)) as idle:
                    pairs = [(idle.port, empty.sources[0]["token"]), (busy.server.port, busy.token)]
                    ratio = compare_ingest(client, pairs, scale)
                rows = measure_mails(busy, client, scale)
            selecting = measure_selecting(many.url, scale)
    rows = [[f"ingest, {scale.profiles} profiles to none", times(ratio), "at least 0.90"], *selecting, *rows]
    return {"notifications": Table(["What", "measured", "bar"], rows)}


@contextmanager
def mailing(database_url: str, sink: Sink, token: str):
    """Run a server with a worker that sends mail."""
    surroundings = {"EMAIL_HOST": HOST, "EMAIL_PORT": str(sink.port), "ARGUS_SEND_NOTIFICATIONS": "1"}
    with running(ArgusServer(database_url, **surroundings)) as server:
        yield Mailing(server, sink, token)


def compare_ingest(client: LoadClient, servers: list[tuple[int, str]], scale: Scale) -> float:
    """Return the ratio of the rates of the second and the first server, measured alternately."""
    rates: list[list[float]] = [[], []]
    for number in range(scale.ingest_rounds + 1):
        for (port, token), some in zip(servers, rates, strict=True):
            some.append(ingest(client, port, token, scale.ingest_seconds, first=number * 100_000))
            # What is left for the worker is not the next server's to pay for.
            time.sleep(scale.ingest_seconds / 2)
    return median(rates[1][1:]) / median(rates[0][1:])


def ingest(client: LoadClient, port: int, token: str, seconds: float, first: int) -> float:
    """Post as fast as can be, and return the rate."""
    job = Job(port=port, token=token, seconds=seconds, connections=BUSY, post_to=INCIDENTS, first=first)
    outcome = client.run(job)
    return len(outcome.latencies) / outcome.elapsed


def measure_selecting(database_url: str, scale: Scale) -> list[list]:
    """Select for events in a process of its own."""
    outcome = said_by("selecting", scale.selected_events, database_url=database_url)
    return [
        ["selecting: queries per event", outcome["queries"], "at most 3"],
        ["selecting: p50 ms per event", f"{median(outcome['milliseconds']):.2f}", "at most 5"],
    ]


def measure_mails(busy: Mailing, client: LoadClient, scale: Scale) -> list[list]:
    """How long mails take: one incident alone, behind others, and at a steady pace."""
    rounds = range(scale.mail_rounds)
    busy.last_mail()
    alone = median(busy.last_mail() for _ in rounds)
    progress("notifications: bursts")
    behind = median(busy.last_mail(BURST) for _ in rounds)
    progress("notifications: a steady pace")
    steady = busy.steady(scale.events_per_second, scale.steady_seconds)
    progress("notifications: behind a full load")
    loaded = median(behind_full_load(busy, client, scale, number) for number in rounds)
    last = f"last of {RECIPIENTS} mails"
    results = [
        (f"commit to mail server at {scale.events_per_second} events/s, p95 ms", percentile(steady, 95), 1000),
        (f"{last}, alone, ms", alone, 500),
        (f"{last}, behind {BURST} other incidents, ms", behind, 1000),
        (f"{last}, behind a full load, ms", loaded, 2000),
    ]
    return [[what, milliseconds(seconds), f"at most {bar}"] for what, seconds, bar in results]


def behind_full_load(busy: Mailing, client: LoadClient, scale: Scale, number: int) -> float:
    """Post an incident while the server takes as many others as it can."""
    first = 10**7 + number * 100_000
    job = (client, busy.server.port, busy.token, scale.load_seconds, first)
    load = threading.Thread(target=ingest, args=job)
    load.start()
    try:
        time.sleep(scale.load_seconds * 0.7)
        return busy.last_mail()
    finally:
        load.join()
