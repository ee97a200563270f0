"""What is thrown away, and in which order, when an installation does not keep everything for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic, sleep

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
    """One kind of rows: which of them go, how a portion of them is deleted, and how large that is."""

    name: str
    rows: QuerySet
    delete: Callable[[list], int]
    portion: int = 1000

    def count(self) -> int:
        """Return how many would go just now."""
        return self.rows.count()

    def run(self, report: Callable[[int], None]) -> int:
        """Delete portion by portion and return how many rows went; ``report`` hears after each how many it has been.

        As long as a portion took, so long is the pause after it: at least half of the time is for others.
        """
        done = 0
        for keys in key_batches(self.rows, size=self.portion):
            began = monotonic()
            done += self.delete(keys)
            report(done)
            sleep(monotonic() - began)
        return done


def steps(days: int) -> list[Step]:
    """Return what goes if this many days are kept.

    The API draws conclusions from missing deliveries, so they are kept at least for DELIVERY_RETENTION.
    """
    now = timezone.now()
    moment, deliveries = now - timedelta(days=days), now - max(timedelta(days=days), DELIVERY_RETENTION)
    return [
        # Each brings events, tags and deliveries along: a portion is a fraction of a second.
        Step("incidents", finished_before(moment), partial(delete_finished, moment=moment), portion=200),
        Step("other deliveries", Delivery.objects.settled_before(deliveries), delete_settled),
        Step("changes", old_changes(now), delete_changes),
        Step("unused tags", unused_tags(), delete_unused_tags),
        Step("expired tokens", expired_tokens(), partial(delete_expired, expired_tokens())),
        Step("expired sessions", expired_sessions(), partial(delete_expired, expired_sessions())),
    ]
