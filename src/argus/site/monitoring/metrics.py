"""Metrics for Prometheus: what the processes of this host have counted, and what the database holds now.

Metrics of the database are the same in each process. They are read at most every ``MAX_AGE`` seconds, by a constant
number of queries, each bounded by an index. Labels are names of sources, at most ``MAX_SOURCES`` of them.
"""

import logging
import os
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from argus.auth.authtoken.models import Kind, Token
from argus.auth.tokens import lifetime
from argus.incident.models import Change, Event, Incident, SourceSystem
from argus.incident.signals import incident_changed
from argus.notificationprofile import delivery_queue
from argus.notificationprofile.media.registry import medium_choices, medium_label
from argus.notificationprofile.models import Delivery, MediumHealth, Verdict
from argus.util.singleflight import NoResultError, SingleFlight

from .readiness import TIMEOUT, is_fine, limit_queries, readiness

log = logging.getLogger(__name__)

# Seconds for which one reading of the database answers all requests.
MAX_AGE = 5.0
MAX_SOURCES = 200
# Labels of the sources beyond MAX_SOURCES.
OTHER_SOURCES = ("(others)", "")
EVENTS_FOR_SKEW = 1000
RECENT = timedelta(minutes=5)

Sources = dict[int, tuple[str, str]]

INCIDENTS_CREATED = Counter("argus_incidents_created", "Incidents created.", ["source", "source_type"])
# The labels of each source by its primary key: those of its first incident, so that renaming it adds none.
counted_sources: Sources = {}


@receiver(incident_changed, dispatch_uid="count_incident")
def count_incident(sender: Any, incident: Incident, created: bool, **kwargs: Any) -> None:
    """Count a new incident of a source."""
    if created:
        source = incident.source
        if len(counted_sources) < MAX_SOURCES:
            counted_sources.setdefault(source.pk, (source.name, source.type_id))
        INCIDENTS_CREATED.labels(*counted_sources.get(source.pk, OTHER_SOURCES)).inc()


def render_metrics() -> bytes:
    """Return all metrics in Prometheus' text format, within ``TIMEOUT`` seconds."""
    database = CollectorRegistry()
    database.register(DatabaseCollector())
    return generate_latest(process_registry()) + generate_latest(database)


def process_registry() -> CollectorRegistry:
    """Return what this process has counted, or all that share its ``PROMETHEUS_MULTIPROC_DIR``."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


class DatabaseCollector(Collector):
    """Collect the state of the parts that Argus depends on and, if the database answers, its contents."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        parts = GaugeMetricFamily(
            "argus_part_up", "1 if the part works or is not in use, as /readyz says.", labels=["part"]
        )
        for part, finding in readiness().items():
            parts.add_metric([part], is_fine(finding))
        yield parts
        try:
            yield from read_database()
        except NoResultError:
            log.warning("Metrics: timeout: the database has not answered within %s s.", TIMEOUT)
        except Exception as error:
            log.warning("Metrics: the database is unavailable: %s", str(error).strip())


def database_metrics() -> list[GaugeMetricFamily]:
    """Return all metrics of the database, in a constant number of queries."""
    sources = labelled_sources()
    return [
        open_incidents(sources),
        clock_skew(sources),
        token_expiry(sources),
        *outbox_metrics(),
        unsettled_deliveries(),
        recent_deliveries(),
        failing_media(),
    ]


def database_metrics_on_new_connection() -> list[GaugeMetricFamily]:
    """Return all metrics of the database, over a connection of their own."""
    with closing(connection):
        limit_queries()
        return database_metrics()


read_database = SingleFlight(database_metrics_on_new_connection, timeout=TIMEOUT, max_age=MAX_AGE)


def labelled_sources() -> Sources:
    """Return name and type of the oldest sources, which have metrics of their own."""
    rows = SourceSystem.objects.order_by("pk").values_list("pk", "name", "type_id")[:MAX_SOURCES]
    return {pk: (name, type_name) for pk, name, type_name in rows}


def open_incidents(sources: Sources) -> GaugeMetricFamily:
    """Count the open incidents by source and acknowledgement."""
    labels = ["source", "source_type", "acked"]
    family = GaugeMetricFamily("argus_open_incidents", "Open incidents by source.", labels=labels)
    numbers = Tally({(*source, acked): 0 for source in sources.values() for acked in ("true", "false")})
    for acked, rows in (("true", Incident.objects.open().acked()), ("false", Incident.objects.open().unacked())):
        for source, number in rows.values_list("source").annotate(Count("pk")).order_by():
            numbers[*sources.get(source, OTHER_SOURCES), acked] += number
    for key, number in numbers.items():
        family.add_metric(key, number)
    return family


def clock_skew(sources: Sources) -> GaugeMetricFamily:
    """Return the smallest delay of each source's newest events, in seconds; below zero, its clock is ahead."""
    text = "The least of received minus timestamp among a source's newest events."
    family = GaugeMetricFamily("argus_source_clock_skew_seconds", text, labels=["source", "source_type"])
    newest = Event.objects.order_by("-pk").values_list(
        "incident__source_id", "incident__source__user_id", "actor_id", "received", "timestamp"
    )
    least: dict[tuple[str, str], float] = {}
    for source, account, actor, received, timestamp in newest[:EVENTS_FOR_SKEW]:
        if actor == account and source in sources:
            skew = (received - timestamp).total_seconds()
            least[sources[source]] = min(skew, least.get(sources[source], skew))
    for labels, skew in least.items():
        family.add_metric(labels, skew)
    return family


def token_expiry(sources: Sources) -> GaugeMetricFamily:
    """Return the seconds until each source's token expires; below zero for one that has expired unused."""
    text = "How long the source's token still works."
    family = GaugeMetricFamily("argus_source_token_expires_seconds", text, labels=["source", "source_type"])
    now = timezone.now()
    tokens = Token.objects.filter(kind=Kind.API, user__source_system__isnull=False).order_by("user__source_system")
    for source, created in tokens.values_list("user__source_system", "created")[:MAX_SOURCES]:
        if source in sources:
            family.add_metric(sources[source], (created + lifetime(of_service_account=True) - now).total_seconds())
    return family


def outbox_metrics() -> list[GaugeMetricFamily]:
    """Count the unrouted events and the age of the oldest due notification."""
    waiting = Change.objects.unrouted().aggregate(number=Count("pk"))["number"]
    oldest = delivery_queue.oldest_waiting()
    age = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0
    return [
        GaugeMetricFamily("argus_outbox_events", "Events whose recipients have not been selected yet.", waiting),
        GaugeMetricFamily("argus_oldest_due_seconds", "How long the oldest due event or delivery has waited.", age),
    ]


def unsettled_deliveries() -> GaugeMetricFamily:
    """Count the deliveries that are not settled."""
    text = "Deliveries that are still to be made, by medium and verdict."
    verdicts = [Verdict.PENDING, Verdict.RETRYING]
    return count_by_medium("argus_deliveries_unsettled", text, Delivery.objects.unsettled(), verdicts)


def recent_deliveries() -> GaugeMetricFamily:
    """Count the deliveries of the last minutes."""
    text = "Deliveries planned within the last five minutes, by medium and present verdict."
    rows = Delivery.objects.filter(created__gte=timezone.now() - RECENT)
    return count_by_medium("argus_deliveries_recent", text, rows, Verdict)


def count_by_medium(name: str, text: str, rows: QuerySet[Delivery], verdicts: Iterable[Verdict]) -> GaugeMetricFamily:
    """Count deliveries by medium and verdict."""
    family = GaugeMetricFamily(name, text, labels=["medium", "verdict"])
    numbers = dict.fromkeys(((medium, verdict) for medium, _ in medium_choices() for verdict in verdicts), 0)
    counted = rows.values_list("medium", "verdict").annotate(number=Count("pk")).order_by()
    numbers |= {(medium, verdict): number for medium, verdict, number in counted}
    for (medium, verdict), number in numbers.items():
        family.add_metric([medium_label(medium), str(Verdict(verdict).value)], number)
    return family


def failing_media() -> GaugeMetricFamily:
    """Return the state of each medium."""
    family = GaugeMetricFamily("argus_medium_failing", "1 while all deliveries of a medium fail.", labels=["medium"])
    failing = set(MediumHealth.objects.filter(failing_since__isnull=False).values_list("medium", flat=True))
    for code, label in medium_choices():
        family.add_metric([label], code in failing)
    return family
