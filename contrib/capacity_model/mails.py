"""Processor time of a worker for a mail, in addition to the time for its event."""

from dataclasses import dataclass
from time import monotonic

import psycopg2

from tests.smtp_sink import HOST, running_sink

from .trial import OUTBOX, Bench, running_worker, wait_until

ENOUGH = 300


@dataclass(frozen=True)
class Mails:
    """Mails sent by a worker, the seconds, and the events routed meanwhile."""

    number: int
    seconds: float
    events: int

    def seconds_each(self, event: float) -> float:
        """Return the seconds of a mail, given the seconds of an event."""
        return max(0.0, self.seconds - self.events * event) / max(1, self.number)


def send_mails(bench: Bench) -> Mails:
    """Start a worker on a backlog of events; measure it from its first mail to its last."""
    with psycopg2.connect(bench.second) as connection, connection.cursor() as cursor, running_sink() as sink:
        connection.autocommit = True

        def waiting() -> int:
            cursor.execute(OUTBOX)
            return cursor.fetchone()[0]

        surroundings = {"EMAIL_HOST": HOST, "EMAIL_PORT": str(sink.port), "ARGUS_SEND_NOTIFICATIONS": "1"}
        with running_worker(bench.second, **surroundings):
            wait_until(lambda: sink.messages)
            began, events, mails = monotonic(), waiting(), len(sink.messages)
            wait_until(lambda: len(sink.messages) - mails >= ENOUGH or not waiting())
            return Mails(len(sink.messages) - mails, monotonic() - began, events - waiting())
