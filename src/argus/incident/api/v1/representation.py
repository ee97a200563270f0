"""What API version 1 shows of incidents, tags, sources, events and acknowledgements, by REST and by websocket.

Each object has its schema (for the API description and the tests) beside the function that builds it as a plain
dictionary. The keys are exactly those of the contract: published clients reject unknown keys.
"""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers

from argus.api.fields import InfinityTimestampField, TimeFormatter, TimestampField, format_time
from argus.incident import models
from argus.incident.lifecycle import EventType
from argus.incident.queries import read_tags
from argus.incident.tags import TagLine
from argus.util.urls import join_url

SOURCE_EXAMPLE = {
    "pk": 3,
    "name": "nav.example.org",
    "type": {"name": "nav"},
    "user": 12,
    "base_url": "https://nav.example.org/",
}
TAG_TIME = "2026-03-02T08:15:31.250000+01:00"
TAGS_EXAMPLE = [
    {"added_by": 12, "added_time": TAG_TIME, "tag": "host=sw-3.example.org"},
    {"added_by": 12, "added_time": TAG_TIME, "tag": "problem_type=boxDown"},
]


class SourceType(serializers.Serializer):
    """A kind of monitoring system."""

    name = serializers.CharField(help_text="Unique, in lower case.")


class Source(serializers.Serializer):
    """One installation of a monitoring system."""

    pk = serializers.IntegerField()
    name = serializers.CharField()
    type = SourceType()
    user = serializers.IntegerField(help_text="The pk of the source's account.")
    base_url = serializers.CharField(allow_blank=True, help_text="Relative details URLs are resolved against it.")


def represent_source(source: models.SourceSystem) -> dict[str, Any]:
    """Return a source as a dictionary."""
    return source_dict(source.pk, source.name, source.type_id, source.user_id, source.base_url)


def source_dict(pk: int, name: str, source_type: str, user: int, base_url: str) -> dict[str, Any]:
    """Return a source as a dictionary, given its columns."""
    return {"pk": pk, "name": name, "type": {"name": source_type}, "user": user, "base_url": base_url}


class Tag(serializers.Serializer):
    """A tag on an incident."""

    added_by = serializers.IntegerField(help_text="The pk of the user who added it.")
    added_time = TimestampField()
    tag = serializers.CharField(help_text="`key=value`")


def represent_tag(added_by: int, added_time: str | None, text: str) -> dict[str, Any]:
    """Return a tag of an incident as a dictionary. ``added_time`` is in wire format."""
    return {"added_by": added_by, "added_time": added_time, "tag": text}


@dataclass(slots=True)
class Context:
    """What the keys of incidents are computed from besides their columns: tags by incident, and the present time."""

    tags: dict[int, list[dict[str, Any]]]
    now: datetime
    times: TimeFormatter


@dataclass(frozen=True)
class IncidentKey:
    """A key of an incident: its schema, an example, how its value is computed, and from which columns."""

    name: str
    schema: serializers.Field
    example: Any
    value: Callable[[Any, Context], Any]
    columns: tuple[str, ...]


def column(name: str, schema: serializers.Field, example: Any) -> IncidentKey:
    """Declare a key that is a column as it is."""
    read = attrgetter(name)
    return IncidentKey(name, schema, example, lambda row, context: read(row), (name,))


def time_column(name: str, schema: serializers.Field, example: str) -> IncidentKey:
    """Declare a key that is a column with a time."""
    read = attrgetter(name)
    return IncidentKey(name, schema, example, lambda row, context: context.times[read(row)], (name,))


def source_of(row: Any, context: Context) -> dict[str, Any]:
    """Return the source of an incident as a dictionary."""
    return source_dict(row.source_id, row.source__name, row.source__type_id, row.source__user_id, row.source__base_url)


# The declaration of an incident on the wire, in the order of the keys. Columns, schema and example derive from it.
# A page of 100 takes 0.5 ms (5 %) longer than with a dictionary written out.
INCIDENT_KEYS = (
    column("pk", serializers.IntegerField(), 4711),
    time_column("start_time", TimestampField(), "2026-03-02T08:15:30+01:00"),
    time_column(
        "end_time",
        InfinityTimestampField(allow_null=True, help_text='null: stateless; "infinity": open.'),
        "infinity",
    ),
    IncidentKey(
        "source",
        Source(),
        SOURCE_EXAMPLE,
        source_of,
        ("source_id", "source__name", "source__type_id", "source__user_id", "source__base_url"),
    ),
    column("source_incident_id", serializers.CharField(help_text="The source's own ID of the incident."), "90125"),
    IncidentKey(
        "details_url",
        serializers.CharField(allow_blank=True, help_text="Resolved against the source's base URL."),
        "https://nav.example.org/alerts/90125/",
        lambda row, context: join_url(row.source__base_url, row.details_url),
        ("details_url",),
    ),
    column("description", serializers.CharField(allow_blank=True), "Switch sw-3.example.org does not answer"),
    column("ticket_url", serializers.CharField(allow_blank=True), ""),
    IncidentKey("tags", Tag(many=True), TAGS_EXAMPLE, lambda row, context: context.tags[row.pk], ()),
    IncidentKey(
        "stateful",
        serializers.BooleanField(help_text="Whether the incident can be open or closed at all."),
        True,
        lambda row, context: row.end_time is not None,
        ("end_time",),
    ),
    IncidentKey(
        "open",
        serializers.BooleanField(help_text="Stateful, and not ended yet."),
        True,
        lambda row, context: row.end_time is not None and row.end_time > context.now,
        ("end_time",),
    ),
    IncidentKey(
        "acked",
        serializers.BooleanField(help_text="Has an acknowledgement that has not expired."),
        False,
        lambda row, context: row.acked_until is not None and row.acked_until > context.now,
        ("acked_until",),
    ),
)
COLUMNS = tuple(dict.fromkeys(name for key in INCIDENT_KEYS for name in key.columns))
INCIDENT_EXAMPLE = {key.name: key.example for key in INCIDENT_KEYS}
Row = namedtuple("Row", COLUMNS)  # type: ignore[misc]  # mypy wants literal names
_columns_of = attrgetter(*(name.replace("__", ".") for name in COLUMNS))
_values = tuple((key.name, key.value) for key in INCIDENT_KEYS)

Incident = type(
    "Incident",
    (serializers.Serializer,),
    {"__doc__": "A problem, or an occurrence, at a source.", **{key.name: key.schema for key in INCIDENT_KEYS}},
)


def incident_rows(incidents: QuerySet[models.Incident]) -> QuerySet[models.Incident, Any]:
    """Return the queryset with the rows that ``represent_rows`` takes."""
    return incidents.values_list(*COLUMNS, named=True)


def represent_rows(rows: list[Any]) -> list[dict[str, Any]]:
    """Return incidents as dictionaries. One query, for the tags of all of them."""
    tags: dict[int, list[dict[str, Any]]] = {row.pk: [] for row in rows}
    times, now = TimeFormatter(), timezone.now()
    for pk, added_by, added_time, text in read_tags(list(tags)):
        tags[pk].append(represent_tag(added_by, times[added_time], text))
    context = Context(tags, now, times)
    return [represent_row(row, context) for row in rows]


def represent_incident(incident: models.Incident, tags: list[TagLine] | None = None) -> dict[str, Any]:
    """Return an incident, whose source is loaded, as a dictionary. One query, for its tags unless they are given."""
    row = Row._make(_columns_of(incident))
    if tags is None:
        return represent_rows([row])[0]
    times = TimeFormatter()
    shown = [represent_tag(tag.added_by, times[tag.added_time], f"{tag.key}={tag.value}") for tag in tags]
    return represent_row(row, Context({incident.pk: shown}, timezone.now(), times))


def represent_row(row: Any, context: Context) -> dict[str, Any]:
    """Compute all keys of an incident."""
    return {name: value(row, context) for name, value in _values}


class Actor(serializers.Serializer):
    """The user who caused an event."""

    pk = serializers.IntegerField()
    username = serializers.CharField()


class EventKind(serializers.Serializer):
    """The type of an event: its code and its name."""

    value = serializers.ChoiceField(EventType.choices)
    display = serializers.CharField()


class Event(serializers.Serializer):
    """An entry in the history of an incident."""

    pk = serializers.IntegerField()
    incident = serializers.IntegerField(help_text="The pk of the incident.")
    actor = Actor()
    timestamp = TimestampField(help_text="When it happened, by the actor's clock.")
    received = TimestampField(help_text="When Argus received it, by the server's clock.")
    type = EventKind()
    description = serializers.CharField(allow_blank=True)


def represent_event(event: models.Event) -> dict[str, Any]:
    """Return an event, whose actor is loaded, as a dictionary."""
    return {
        "pk": event.pk,
        "incident": event.incident_id,
        "actor": {"pk": event.actor_id, "username": event.actor.username},
        "timestamp": format_time(event.timestamp),
        "received": format_time(event.received),
        "type": {"value": event.type, "display": event.get_type_display()},
        "description": event.description,
    }


class Ack(serializers.Serializer):
    """An acknowledgement: an event with an expiration."""

    pk = serializers.IntegerField(help_text="The event's pk.")
    event = Event()
    expiration = TimestampField(allow_null=True, help_text="null: it never expires.")


def represent_ack(event: models.Event) -> dict[str, Any]:
    """Return an acknowledgement as a dictionary, given its event; both have the same pk."""
    return {"pk": event.pk, "event": represent_event(event), "expiration": format_time(event.ack.expiration)}
