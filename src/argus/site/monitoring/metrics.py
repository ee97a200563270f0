"""Figures that are in the database: the same whichever process is asked, and looked up when somebody asks.

A constant number of queries, each over what an index bounds; one look for all who ask within a while. Labels are
names of sources, which superusers give, and of them so many at most.
"""

import logging
from collections import Counter
from contextlib import closing
from datetime import timedelta

from django.db import connection
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from rest_framework.authtoken.models import Token

from argus.auth.tokens import lifetime
from argus.incident.models import Change, Event, Incident, SourceSystem
from argus.notificationprofile import outbox
from argus.notificationprofile.media.registry import medium_choices, medium_label
from argus.notificationprofile.models import Delivery, MediumHealth, Verdict
from argus.util.singleflight import NoResultError, SingleFlight

from .readiness import PATIENCE, is_fine, limit_queries, readiness

log = logging.getLogger(__name__)

# Seconds for which a look is good enough for others, too.
FRESH = 5.0
MOST_SOURCES = 200
OTHERS = ("(others)", "")
EVENTS_FOR_SKEW = 1000
RECENT = timedelta(minutes=5)


class DatabaseFigures:
    """Whether the parts that Argus needs work and, if the database does, what it holds."""

    def describe(self):
        return []

    def collect(self):
        parts = GaugeMetricFamily(
            "argus_part_up", "1 if the part works or is not in use, as /readyz says.", labels=["part"]
        )
        for part, finding in readiness().items():
            parts.add_metric([part], is_fine(finding))
        yield parts
        try:
            yield from look()
        except NoResultError:
            log.warning("Metrics: the database has not answered within %s s.", PATIENCE)
        except Exception as error:
            log.warning("Metrics: the database: %s", str(error).strip())


def read_figures() -> list[GaugeMetricFamily]:
    """Look at everything, over a connection made for it."""
    with closing(connection):
        limit_queries()
        return all_figures()


look = SingleFlight(read_figures, timeout=PATIENCE, max_age=FRESH)


def all_figures() -> list[GaugeMetricFamily]:
    """Look at everything."""
    sources = known_sources()
    return [
        open_incidents(sources),
        clock_skew(sources),
        token_expiry(sources),
        *outbox_figures(),
        unsettled_deliveries(),
        recent_deliveries(),
        failing_media(),
    ]


def known_sources() -> dict[int, tuple[str, str]]:
    """Return name and type of the sources, oldest first, as far as they get figures of their own."""
    rows = SourceSystem.objects.order_by("pk").values_list("pk", "name", "type_id")[:MOST_SOURCES]
    return {pk: (name, kind) for pk, name, kind in rows}


def open_incidents(sources) -> GaugeMetricFamily:
    labels = ["source", "source_type", "acked"]
    family = GaugeMetricFamily("argus_open_incidents", "Open incidents by source.", labels=labels)
    numbers = Counter({(*source, acked): 0 for source in sources.values() for acked in ("true", "false")})
    for acked, rows in (("true", Incident.objects.open().acked()), ("false", Incident.objects.open().unacked())):
        for source, number in rows.values_list("source").annotate(Count("pk")).order_by():
            numbers[*sources.get(source, OTHERS), acked] += number
    for key, number in numbers.items():
        family.add_metric(key, number)
    return family


def clock_skew(sources) -> GaugeMetricFamily:
    """Of the newest events: by how much a source's clock, or the source, is late at least; below zero it is ahead."""
    text = "The least of received minus timestamp among a source's newest events."
    family = GaugeMetricFamily("argus_source_clock_skew_seconds", text, labels=["source", "source_type"])
    newest = Event.objects.order_by("-pk").values_list(
        "incident__source_id", "incident__source__user_id", "actor_id", "received", "timestamp"
    )
    least: dict[tuple, float] = {}
    for source, account, actor, received, timestamp in newest[:EVENTS_FOR_SKEW]:
        if actor == account and source in sources:
            skew = (received - timestamp).total_seconds()
            least[sources[source]] = min(skew, least.get(sources[source], skew))
    for labels, skew in least.items():
        family.add_metric(labels, skew)
    return family


def token_expiry(sources) -> GaugeMetricFamily:
    """Of the sources that have a token. Below zero it is of no use any more, and nobody has tried it since."""
    text = "How long the source's token still works."
    family = GaugeMetricFamily("argus_source_token_expires_seconds", text, labels=["source", "source_type"])
    now = timezone.now()
    tokens = Token.objects.filter(user__source_system__isnull=False).order_by("user__source_system")
    for source, created in tokens.values_list("user__source_system", "created")[:MOST_SOURCES]:
        if source in sources:
            family.add_metric(sources[source], (created + lifetime(of_service_account=True) - now).total_seconds())
    return family


def outbox_figures() -> list[GaugeMetricFamily]:
    waiting = Change.objects.unrouted().aggregate(number=Count("pk"))["number"]
    oldest = outbox.oldest_waiting()
    age = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0
    return [
        GaugeMetricFamily("argus_outbox_events", "Events for which nobody has been selected yet.", waiting),
        GaugeMetricFamily("argus_oldest_due_seconds", "How long the oldest due event or delivery has waited.", age),
    ]


def unsettled_deliveries() -> GaugeMetricFamily:
    text = "Deliveries that are still to be made, by medium and verdict."
    return by_medium(
        "argus_deliveries_unsettled", text, Delivery.objects.unsettled(), [Verdict.PENDING, Verdict.RETRYING]
    )


def recent_deliveries() -> GaugeMetricFamily:
    text = "Deliveries planned within the last five minutes, by medium and present verdict."
    rows = Delivery.objects.filter(created__gte=timezone.now() - RECENT)
    return by_medium("argus_deliveries_recent", text, rows, list(Verdict))


def by_medium(name: str, text: str, rows, verdicts) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["medium", "verdict"])
    numbers = dict.fromkeys(((medium, verdict) for medium, _ in medium_choices() for verdict in verdicts), 0)
    counted = rows.values_list("medium", "verdict").annotate(number=Count("pk")).order_by()
    numbers |= {(medium, verdict): number for medium, verdict, number in counted}
    for (medium, verdict), number in numbers.items():
        family.add_metric([medium_label(medium), str(Verdict(verdict).value)], number)
    return family


def failing_media() -> GaugeMetricFamily:
    family = GaugeMetricFamily("argus_medium_failing", "1 while a medium does nothing but fail.", labels=["medium"])
    failing = set(MediumHealth.objects.filter(failing_since__isnull=False).values_list("medium", flat=True))
    for code, label in medium_choices():
        family.add_metric([label], code in failing)
    return family
