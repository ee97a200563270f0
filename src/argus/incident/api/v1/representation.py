"""The one face: how an incident looks to every client, by REST and by websocket.

Plain dictionaries with exactly the keys of the seed document: older published clients break on one more.
Showing N incidents costs the queries of showing one.
"""

from collections import namedtuple
from collections.abc import Iterable

from django.db.models import F, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from argus.api.fields import WireTimes, wire_time
from argus.incident.details_url import joined_url
from argus.incident.models import Event, Incident, IncidentTagRelation, SourceSystem, Tag
from argus.incident.tags import TagLine
from argus.util.lookups import Among

# What is read of an incident; everything else stays in the database.
COLUMNS = (
    "pk",
    "start_time",
    "end_time",
    "source_incident_id",
    "details_url",
    "description",
    "ticket_url",
    "acked_until",
    "source_id",
    "source__name",
    "source__type_id",
    "source__user_id",
    "source__base_url",
)
Row = namedtuple("Row", COLUMNS)

# Not a join: PostgreSQL's planner would read the whole table of tags for a page of incidents.
WORDS = Concat("key", Value("=", TextField()), "value")
TAG_TEXT = Subquery(Tag.objects.filter(pk=OuterRef("tag_id")).values(text=WORDS))
# Composed once, and asked with one parameter: to compose it takes longer than to run it.
INCIDENT = F("incident_id")
RELATIONS = IncidentTagRelation.objects.order_by("pk").values_list("incident_id", "added_by_id", "added_time", TAG_TEXT)


def incident_rows(queryset):
    """Turn a queryset of incidents into one of the rows that ``represent_rows`` takes."""
    return queryset.values_list(*COLUMNS, named=True)


def represent_rows(rows: list[Row]) -> list[dict]:
    """Show incidents. One query, for the tags of all of them."""
    tags: dict[int, list[dict]] = {row.pk: [] for row in rows}
    times, now = WireTimes(), timezone.now()
    for pk, added_by, added_time, text in relations_of(list(tags)):
        tags[pk].append(represent_tag(added_by, times[added_time], text))
    return [represent_row(row, tags[row.pk], times, now=now) for row in rows]


def represent_incident(incident: Incident, tags: list[TagLine] | None = None) -> dict:
    """Show an incident in hand, whose source is loaded. One query for its tags, none if they are given."""
    source = incident.source
    row = Row(
        *(getattr(incident, column) for column in COLUMNS[:9]),
        source.name,
        source.type_id,
        source.user_id,
        source.base_url,
    )
    if tags is None:
        return represent_rows([row])[0]
    times = WireTimes()
    lines = [represent_tag(tag.added_by, times[tag.added_time], f"{tag.key}={tag.value}") for tag in tags]
    return represent_row(row, lines, times, now=timezone.now())


def tag_texts(pks: list[int]) -> dict[int, list[str]]:
    """Return the tags of each of these incidents, as texts, in the order in which they were put on. One query."""
    texts: dict[int, list[str]] = {pk: [] for pk in pks}
    for pk, _, _, text in relations_of(pks):
        texts[pk].append(text)
    return texts


def relations_of(pks: list[int]) -> Iterable[tuple]:
    """Return what is shown of the tags of these incidents, in the order in which they were put on. One query."""
    return RELATIONS.filter(Among(INCIDENT, pks)) if pks else ()


def represent_row(row: Row, tags: list[dict], times: WireTimes, *, now) -> dict:
    """Put one incident together; ``now`` decides whether it counts as open and as acked."""
    return {
        "pk": row.pk,
        "start_time": times[row.start_time],
        "end_time": times[row.end_time],
        "source": {
            "pk": row.source_id,
            "name": row.source__name,
            "type": {"name": row.source__type_id},
            "user": row.source__user_id,
            "base_url": row.source__base_url,
        },
        "source_incident_id": row.source_incident_id,
        "details_url": joined_url(row.source__base_url, row.details_url),
        "description": row.description,
        "ticket_url": row.ticket_url,
        "tags": tags,
        "stateful": row.end_time is not None,
        "open": row.end_time is not None and row.end_time > now,
        "acked": row.acked_until is not None and row.acked_until > now,
    }


def represent_tag(added_by: int, added_time: str, text: str) -> dict:
    """Show a tag of an incident; the time is spelled already."""
    return {"added_by": added_by, "added_time": added_time, "tag": text}


def represent_source(source: SourceSystem) -> dict:
    """Show a source system."""
    return {
        "pk": source.pk,
        "name": source.name,
        "type": {"name": source.type_id},
        "user": source.user_id,
        "base_url": source.base_url,
    }


def represent_event(event: Event) -> dict:
    """Show an event, whose actor is loaded."""
    return {
        "pk": event.pk,
        "incident": event.incident_id,
        "actor": {"pk": event.actor_id, "username": event.actor.username},
        "timestamp": wire_time(event.timestamp),
        "received": wire_time(event.received),
        "type": {"value": event.type, "display": event.get_type_display()},
        "description": event.description,
    }


def represent_ack(event: Event) -> dict:
    """Show an acknowledgement, given the event that it belongs to; its pk is the event's."""
    return {"pk": event.pk, "event": represent_event(event), "expiration": wire_time(event.ack.expiration)}
