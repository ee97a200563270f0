"""The loop that tells people: route what is in the outbox, send what is due in the ledger, wait for more."""

import logging
import threading
from collections.abc import Callable
from itertools import groupby
from select import select
from time import monotonic

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from argus.util.backoff import pause_after
from argus.util.logs import request_context

from . import health, outbox
from .media.message import RenderedEvent, build_message, render_event
from .media.pipeline import OpenError, Outcome, Pipeline, Result, describe
from .media.registry import AdaptedMedium, configured_media
from .models import Delivery, Verdict
from .notify import CHANNEL
from .outbox import Router
from .selection import Policy, late_suppression_reason

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 50
# How long to sleep without a wake-up call: PostgreSQL passes on one after commits, elsewhere looking is all there is.
NAP, NAP_WITHOUT_CALL = 1.0, 0.25
LONGEST_PAUSE = 5.0
# How far apart (seconds) rounds are that had events of which nobody had to be told: those come in hundreds, and a round
# costs as much as posting two of them.
GATHER = 0.2


OUTCOME_TEXTS = {Result.SENT: "sent", Result.TEMPORARY: "failed, retrying", Result.PERMANENT: "failed permanently"}


class Worker:
    """One of any number of workers. ``stop`` may be called from a signal handler or another thread."""

    def __init__(self):
        self.router = Router()
        self.stopping = threading.Event()
        self.listening_on = None
        # Whether there were events in the last round, of which nobody had to be told.
        self.routed_in_vain = False

    def stop(self) -> None:
        """Finish the message in hand, put the others back, and return from ``run``."""
        self.stopping.set()

    def run(self, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Work until stopped, or until nobody wants it any more. A database that is away is waited for."""
        pause = 0.1
        while not self.stopping.is_set() and is_wanted():
            began = monotonic()
            try:
                if not self.work():
                    if self.routed_in_vain:
                        self.stopping.wait(pause_after(began, interval=GATHER))
                    self.sleep()
                pause = 0.1
                continue
            except (OperationalError, InterfaceError) as error:
                log.warning("The database cannot be reached, trying again: %s", str(error).strip())
            except Exception:
                # Whatever it is, those who can be told shall be told.
                log.exception("Something went wrong, trying again.")
            connection.close()
            self.stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def work(self) -> bool:
        """Do what there is to do right now, in small portions; tell whether there may be more of it."""
        self.listen()
        policy = Policy(settings.ARGUS_SEND_NOTIFICATIONS, frozenset(configured_media()), health.failing_media)
        routed = self.router.route(policy)
        deadline = monotonic() + settings.ARGUS_NOTIFICATION_LEASE - settings.ARGUS_NOTIFICATION_SEND_TIMEOUT
        claimed = outbox.claim(limit=DELIVERIES_AT_ONCE) if policy.switched_on else []
        for code, deliveries in groupby(sorted(claimed, key=lambda one: one.medium), key=lambda one: one.medium):
            Batch(code, list(deliveries), self.stopping, deadline).send()
        self.routed_in_vain = bool(routed) and not claimed
        return routed == outbox.EVENTS_AT_ONCE or bool(claimed)

    def listen(self) -> None:
        """Ask PostgreSQL for wake-up calls, once per connection.

        Nor is the disk waited for from then on: if the machine dies, the worst is a message that is sent again.
        """
        connection.ensure_connection()
        if connection.vendor == "postgresql" and self.listening_on is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute(f"SET synchronous_commit TO off; LISTEN {CHANNEL}")
            self.listening_on = connection.connection

    def sleep(self) -> None:
        """Wait for a wake-up call, for a delivery to fall due, or for a moment."""
        if connection.vendor != "postgresql":
            self.stopping.wait(NAP_WITHOUT_CALL)
            return
        due = outbox.next_due()
        seconds = NAP if due is None else min(NAP, max(0.0, (due - timezone.now()).total_seconds()))
        # psycopg2 is spoken to directly, but its errors are to be Django's.
        with connection.wrap_database_errors:
            # A call that came during a query was read with its result: nothing is left to be heard of it.
            if self.listening_on.notifies or select([self.listening_on], [], [], seconds)[0]:
                self.listening_on.poll()
                self.listening_on.notifies.clear()


class Batch:
    """Some deliveries by one medium, sent one after the other. None is started after the deadline."""

    def __init__(self, code: str, deliveries: list[Delivery], stopping: threading.Event, deadline: float) -> None:
        self.code = code
        self.medium = configured_media().get(code)
        self.waiting = deliveries
        self.stopping = stopping
        self.deadline = deadline
        self.rendered: dict[int, RenderedEvent] = {}
        self.has_sent = False
        self.error = ""

    def send(self) -> None:
        """Send the deliveries, and release those that cannot be sent before the lease ends."""
        try:
            if self.medium is None:
                raise OpenError("The medium is not configured any more.")
            with Pipeline(self.medium, timeout=settings.ARGUS_NOTIFICATION_SEND_TIMEOUT) as pipeline:
                self.send_by(pipeline)
        except OpenError as error:
            self.error = str(error)
            while self.waiting:
                outbox.postpone(self.waiting.pop(0), self.error)
        for delivery in self.waiting:
            outbox.release(delivery)
        # A medium that has sent a message works, even if other messages have failed.
        if self.has_sent:
            health.note_success(self.code)
        elif self.error:
            health.note_failure(self.code, self.error)

    def send_by(self, pipeline: Pipeline) -> None:
        """Send until nothing is left, the worker stops, the deadline has passed, or the medium hangs."""
        while self.waiting and not self.stopping.is_set() and monotonic() < self.deadline:
            delivery = self.waiting.pop(0)
            if reason := late_suppression_reason(delivery):
                outbox.settle(delivery, Verdict.SUPPRESSED, reason=reason)
                continue
            with request_context(delivery.request_id):
                outcome = self.outcome_of(delivery, pipeline)
                self.record(delivery, outcome)
            if outcome.timed_out:
                break

    def outcome_of(self, delivery: Delivery, pipeline: Pipeline) -> Outcome:
        """Build and send one message. Each event is rendered once, however many recipients it has."""
        try:
            if delivery.event_id not in self.rendered:
                self.rendered[delivery.event_id] = render_event(delivery.event)
            message = build_message(delivery, self.rendered[delivery.event_id])
        except Exception as error:
            return Outcome(Result.TEMPORARY, describe(error))
        if issubclass(pipeline.medium_class, AdaptedMedium):
            message = pipeline.medium_class.with_rows(message, delivery)
        return pipeline.send(message)

    def record(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write the outcome to the delivery log and to the log."""
        log_outcome(delivery, outcome)
        if outcome.result is Result.SENT:
            outbox.settle(delivery, Verdict.SENT)
            self.has_sent = True
        elif outcome.result is Result.PERMANENT:
            outbox.settle(delivery, Verdict.FAILED, error=outcome.error)
        else:
            outbox.postpone(delivery, outcome.error)
            self.error = outcome.error


def log_outcome(delivery: Delivery, outcome: Outcome) -> None:
    """Log the outcome with the delivery's key. The address is masked, also where the error quotes it."""
    error = outcome.error
    for secret in (delivery.address, delivery.address.lstrip("+")):
        error = error.replace(secret, "<address>") if secret else error
    log.log(
        logging.WARNING if error else logging.INFO,
        "Delivery %s of event %s by %s: %s%s",
        delivery.pk,
        delivery.event_id,
        delivery.get_medium_display(),
        OUTCOME_TEXTS[outcome.result],
        f": {error}" if error else "",
        extra={"delivery": delivery.pk, "event": delivery.event_id, "incident": delivery.incident_id},
    )
