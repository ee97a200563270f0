"""The steps of ``manage.py prune``: which old rows are deleted, in which order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic, sleep
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from argus.auth.retention import delete_expired, expired_sessions, expired_tokens
from argus.incident.changes import delete_changes, old_changes
from argus.incident.retention import delete_finished, delete_unused_tags, finished_before, unused_tags
from argus.notificationprofile.delivery_log import DELIVERY_RETENTION
from argus.notificationprofile.delivery_queue import delete_settled
from argus.notificationprofile.models import Delivery
from argus.util.rows import key_batches


@dataclass(frozen=True)
class Step:
    """Old rows of one kind. ``delete`` deletes those with the given keys, ``batch_size`` at a time."""

    name: str
    rows: QuerySet[Any]
    delete: Callable[[list[Any]], int]
    batch_size: int = 1000

    def count(self) -> int:
        """Return how many rows would be deleted now."""
        return self.rows.count()

    def run(self, report: Callable[[int], None]) -> int:
        """Delete the rows in batches and return their number; call ``report`` with the number so far after each.

        Each batch is followed by a pause of the same length, so that other transactions have half of the time.
        """
        done = 0
        for keys in key_batches(self.rows, size=self.batch_size):
            started = monotonic()
            done += self.delete(keys)
            report(done)
            sleep(monotonic() - started)
        return done


def steps(days: int) -> list[Step]:
    """Return the steps that keep this many days.

    The API draws conclusions from missing deliveries, so they are kept at least for DELIVERY_RETENTION.
    """
    now = timezone.now()
    moment, deliveries = now - timedelta(days=days), now - max(timedelta(days=days), DELIVERY_RETENTION)
    return [
        # Small batches: each incident is deleted with its events, tags and deliveries.
        Step("incidents", finished_before(moment), partial(delete_finished, moment=moment), batch_size=200),
        Step("other deliveries", Delivery.objects.settled_before(deliveries), delete_settled),
        Step("changes", old_changes(now), delete_changes),
        Step("unused tags", unused_tags(), delete_unused_tags),
        Step("expired tokens", expired_tokens(), partial(delete_expired, expired_tokens())),
        Step("expired sessions", expired_sessions(), partial(delete_expired, expired_sessions())),
    ]
