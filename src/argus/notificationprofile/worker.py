"""The loop that tells people: route what is in the outbox, send what is due in the ledger, wait for more."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from functools import partial
from itertools import groupby
from select import select
from time import monotonic

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from argus.incident.models import Event
from argus.util.backoff import rest_after
from argus.util.logs import on_behalf_of

from . import health, outbox
from .media.base import NotificationMedium, PermanentFailure
from .media.message import Words, build_message, put_into_words
from .media.registry import configured_media
from .media.text import describe
from .models import Delivery, Reason, Verdict
from .notify import CHANNEL
from .outbox import Router
from .selection import Policy, is_withheld
from .timeout_thread import Caller, Stuck

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 50
# How long to sleep without a wake-up call: PostgreSQL passes on one after commits, elsewhere looking is all there is.
NAP, NAP_WITHOUT_CALL = 1.0, 0.25
LONGEST_PAUSE = 5.0
# How far apart (seconds) rounds are that had events of which nobody had to be told: those come in hundreds, and a round
# costs as much as posting two of them.
GATHER = 0.2


class SessionStuck(Exception):
    """A medium's session has not come back in time, so that nobody can be reached this way now."""


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
                        self.stopping.wait(rest_after(began, gather=GATHER))
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
        policy = Policy(settings.ARGUS_SEND_NOTIFICATIONS, frozenset(configured_media()), health.silent_media)
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
    """Some deliveries by one medium, one after the other, over one session. None is begun after the deadline."""

    def __init__(self, code: str, deliveries: list[Delivery], stopping: threading.Event, deadline: float):
        self.code = code
        self.medium = configured_media().get(code)
        self.waiting = deliveries
        self.stopping = stopping
        self.words: dict[int, Words] = {}
        self.has_worked = False
        self.trouble = ""
        self.deadline = deadline
        self.caller = Caller(settings.ARGUS_NOTIFICATION_SEND_TIMEOUT)

    def send(self) -> None:
        """Send them all, or put back what cannot be sent before the lease ends."""
        try:
            with self.open_session() as extra:
                while self.waiting and not self.stopping.is_set() and monotonic() < self.deadline:
                    delivery = self.waiting.pop(0)
                    # Asked here once more: whoever was staff when selected may not be it any longer.
                    if is_withheld(delivery):
                        outbox.settle(delivery, Verdict.SUPPRESSED, reason=Reason.RESTRICTED)
                    else:
                        with on_behalf_of(delivery.request_id):
                            self.hand_over(delivery, extra)
        except Stuck as error:
            self.trouble = str(error)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # The session itself: nobody can be reached this way now, so nobody is tried.
            self.trouble = describe(error)
            while self.waiting:
                outbox.postpone(self.waiting.pop(0), self.trouble)
        for delivery in self.waiting:
            outbox.release(delivery)
        # Whatever else has failed: a medium that has carried a message works.
        if self.has_worked:
            health.note_success(self.code)
        elif self.trouble:
            health.note_failure(self.code, self.trouble)

    @contextmanager
    def open_session(self) -> Iterator[dict]:
        """A block with what the medium keeps open between messages; it neither begins nor ends without a time-out.

        Of what goes wrong within and then at the end, the former is what counts.
        """
        if self.medium is None:
            raise LookupError("The medium is not configured any more.")
        with self.caller:
            session, extra = self.call_session(partial(entered, self.medium))
            try:
                yield extra
            finally:
                problem = sys.exc_info()
                with suppress(Exception) if problem[0] else nullcontext():
                    self.call_session(partial(session.__exit__, *problem))

    def call_session(self, function: Callable):
        """Begin or end a session. Raises ``SessionStuck``, or what the medium raises."""
        try:
            return self.caller.call(function)
        except Stuck as error:
            raise SessionStuck(str(error)) from None

    def hand_over(self, delivery: Delivery, extra: dict) -> None:
        """Send one message and write down what came of it. Whatever a medium does, only this delivery suffers."""
        try:
            result = self.caller.call(self.plan_call(delivery, extra))
            if result is not None:
                raise PermanentFailure(f"The medium returned {result!r:.100}, which means nothing.")
        except PermanentFailure as error:
            log_outcome(delivery, "failed for good", error)
            outbox.settle(delivery, Verdict.FAILED, error=describe(error))
        except Exception as error:
            log_outcome(delivery, "failed, will be tried again", error)
            outbox.postpone(delivery, describe(error))
            self.trouble = describe(error)
            if isinstance(error, Stuck):
                raise
        else:
            log_outcome(delivery, "sent")
            outbox.settle(delivery, Verdict.SENT)
            self.has_worked = True

    def words_for(self, event: Event) -> Words:
        """Put an event into words once, however many people are told of it."""
        if event.pk not in self.words:
            self.words[event.pk] = put_into_words(event)
        return self.words[event.pk]

    def plan_call(self, delivery: Delivery, extra: dict) -> Callable:
        """Return the call of ``send`` that the plugin contract asks for, the message already made."""
        # Deliveries share their event: a medium gets copies, and may change them without spoiling the next message.
        event = copy(delivery.event)
        event.incident = copy(event.incident)
        return partial(
            self.medium.send,
            event.incident,
            delivery.user,
            event=event,
            profile=delivery.profile,
            message=build_message(delivery, self.words_for(delivery.event)),
            address=delivery.address,
            phone_number=delivery.address,
            **extra,
        )


def log_outcome(delivery: Delivery, outcome: str, error: Exception | None = None) -> None:
    """Write a line that finds the delivery in the ledger. Its address stays there, also if the error quotes it."""
    reason = describe(error) if error else ""
    for secret in (delivery.address, delivery.address.lstrip("+")):
        reason = reason.replace(secret, "<address>") if secret else reason
    log.log(
        logging.WARNING if error else logging.INFO,
        "Delivery %s of event %s by %s: %s%s",
        delivery.pk,
        delivery.event_id,
        delivery.get_medium_display(),
        outcome,
        f": {reason}" if reason else "",
        extra={"delivery": delivery.pk, "event": delivery.event_id, "incident": delivery.incident_id},
    )


def entered(medium: type[NotificationMedium]) -> tuple:
    """Begin a session of the medium; return it, and what ``send`` gets of it."""
    session = medium.session()
    return session, session.__enter__()
