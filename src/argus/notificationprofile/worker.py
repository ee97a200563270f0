"""The worker: route events to deliveries, send the deliveries that are due, and wait for more."""

import logging
import threading
from collections.abc import Callable
from itertools import groupby
from select import select
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from argus.incident.changes import prune_changes
from argus.util.backoff import pause_after
from argus.util.logs import request_context

from . import delivery_queue, health
from .media.message import RenderedEvent, build_message, render_event, settings_of
from .media.pipeline import OpenError, Outcome, Pipeline, Result, describe
from .media.registry import AdaptedMedium, configured_media
from .models import Delivery, Verdict
from .notify import CHANNEL
from .routing import ROUTE_BATCH_SIZE, Router
from .selection import Policy, late_suppression_reason

log = logging.getLogger(__name__)

BATCH_SIZE = 50
PRUNE_INTERVAL = 60.0  # seconds
# Seconds between two looks for work. PostgreSQL wakes the worker with NOTIFY; other databases need polling.
POLL_INTERVAL, POLL_INTERVAL_WITHOUT_NOTIFY = 1.0, 0.25
MIN_RETRY_INTERVAL, MAX_RETRY_INTERVAL = 0.1, 5.0
# Seconds between two rounds that selected no deliveries. Such events come in hundreds, and a round costs as much as
# posting two of them.
IDLE_ROUND_INTERVAL = 0.2
# Shorter settings, such as a level, may be part of any error.
MIN_SECRET = 6
OUTCOME_TEXTS = {Result.SENT: "sent", Result.TEMPORARY: "failed, retrying", Result.PERMANENT: "failed permanently"}


class Worker:
    """A worker. Any number may run. ``stop`` may be called from a signal handler or another thread."""

    def __init__(self) -> None:
        self.router = Router()
        self.stopping = threading.Event()
        # The psycopg2 connection that has executed LISTEN.
        self.listening: Any = None
        # Whether the last round routed events without selecting a delivery.
        self.routed_only = False
        self.pruned = monotonic()

    def stop(self) -> None:
        """Finish the current message, release the others, and return from ``run``."""
        self.stopping.set()

    def run(self, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Work until stopped, or until ``is_wanted`` returns false. Retry while the database is unavailable."""
        pause = MIN_RETRY_INTERVAL
        while not self.stopping.is_set() and is_wanted():
            started = monotonic()
            try:
                if not self.work():
                    if self.routed_only:
                        self.stopping.wait(pause_after(started, interval=IDLE_ROUND_INTERVAL))
                    self.sleep()
                pause = MIN_RETRY_INTERVAL
                continue
            except (OperationalError, InterfaceError) as error:
                log.warning("Database unavailable, retrying: %s", str(error).strip())
            except Exception:
                # An unexpected error must not stop all notifications.
                log.exception("Unexpected error, retrying")
            connection.close()
            self.stopping.wait(pause)
            pause = min(pause * 2, MAX_RETRY_INTERVAL)

    def work(self) -> bool:
        """Route a portion of events and send a portion of deliveries; return whether there may be more."""
        self.listen()
        self.prune()
        policy = Policy(settings.ARGUS_SEND_NOTIFICATIONS, frozenset(configured_media()), health.failing_media)
        routed = self.router.route(policy)
        deadline = monotonic() + settings.ARGUS_NOTIFICATION_LEASE - settings.ARGUS_NOTIFICATION_SEND_TIMEOUT
        claimed = delivery_queue.claim(limit=BATCH_SIZE) if policy.switched_on else []
        for code, deliveries in groupby(sorted(claimed, key=lambda one: one.medium), key=lambda one: one.medium):
            Batch(code, list(deliveries), self.stopping, deadline).send()
        self.routed_only = bool(routed) and not claimed
        return routed == ROUTE_BATCH_SIZE or bool(claimed)

    def prune(self) -> None:
        """Delete old changes from the feed every ``PRUNE_INTERVAL`` seconds."""
        if monotonic() - self.pruned > PRUNE_INTERVAL:
            prune_changes()
            self.pruned = monotonic()

    def listen(self) -> None:
        """Execute LISTEN on PostgreSQL, once per connection."""
        connection.ensure_connection()
        if connection.vendor == "postgresql" and self.listening is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self.listening = connection.connection

    def sleep(self) -> None:
        """Wait for a notification of the database, for a delivery to become due, or for the poll interval."""
        if connection.vendor != "postgresql":
            self.stopping.wait(POLL_INTERVAL_WITHOUT_NOTIFY)
            return
        due = delivery_queue.next_due()
        seconds = POLL_INTERVAL
        if due is not None:
            seconds = min(seconds, max(0.0, (due - timezone.now()).total_seconds()))
        # The loop handles Django's exceptions, not those of psycopg2.
        with connection.wrap_database_errors:
            # A notification that arrived during a query has already been read, so the socket does not show it.
            if self.listening.notifies or select([self.listening], [], [], seconds)[0]:
                self.listening.poll()
                self.listening.notifies.clear()


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
                delivery_queue.postpone(self.waiting.pop(0), self.error)
        for delivery in self.waiting:
            delivery_queue.release(delivery)
        # A medium that has sent a message works, even if other messages have failed.
        if self.has_sent:
            health.record_success(self.code)
        elif self.error:
            health.record_failure(self.code, self.error)

    def send_by(self, pipeline: Pipeline) -> None:
        """Send until nothing is left, the worker stops, the deadline has passed, or the medium hangs."""
        while self.waiting and not self.stopping.is_set() and monotonic() < self.deadline:
            delivery = self.waiting.pop(0)
            if reason := late_suppression_reason(delivery):
                delivery_queue.settle(delivery, Verdict.SUPPRESSED, reason=reason)
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
            delivery_queue.settle(delivery, Verdict.SENT)
            self.has_sent = True
        elif outcome.result is Result.PERMANENT:
            delivery_queue.settle(delivery, Verdict.FAILED, error=outcome.error)
        else:
            delivery_queue.postpone(delivery, outcome.error)
            self.error = outcome.error


def log_outcome(delivery: Delivery, outcome: Outcome) -> None:
    """Log the outcome with the delivery's key. Addresses and other settings are masked where the error quotes them."""
    error = outcome.error
    for secret in secrets_of(delivery):
        error = error.replace(secret, "<address>")
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


def secrets_of(delivery: Delivery) -> list[str]:
    """Return the address and the long texts of the destination's settings, the longest first."""
    settings = map(str, settings_of(delivery).values())
    texts = {delivery.address, delivery.address.lstrip("+"), *(text for text in settings if len(text) >= MIN_SECRET)}
    return sorted(filter(None, texts), key=len, reverse=True)
