"""The API description of incidents, sources, events and acknowledgements.

Documentation only. The serializers say what ``representation`` answers, for readers and for the test that compares;
the decorators below them are put on the views. Requests are described by ``serializers`` themselves.
"""

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from argus.api.fields import InfinityTimestampField, TimestampField
from argus.api.openapi import LINK_HEADER, PAGE_PARAMETERS, array_or_page_of, described, page_of
from argus.incident.lifecycle import EventType

from . import openapi_examples as examples
from .serializers import MOST_AT_ONCE, MOST_OPEN, IncidentSerializer, OpenIncidentSerializer


class SourceType(serializers.Serializer):
    """A kind of monitoring system."""

    name = serializers.CharField(help_text="In lower case; its identity.")


class Source(serializers.Serializer):
    """One installation of a monitoring system."""

    pk = serializers.IntegerField()
    name = serializers.CharField()
    type = SourceType()
    user = serializers.IntegerField(help_text="The pk of the account it posts by.")
    base_url = serializers.CharField(allow_blank=True, help_text="What relative details URLs are joined to.")


class Metadata(serializers.Serializer):
    """What a frontend needs to offer filters."""

    sourceSystems = Source(many=True)


class Tag(serializers.Serializer):
    """A tag on an incident."""

    added_by = serializers.IntegerField(help_text="The pk of the user who put it there.")
    added_time = TimestampField()
    tag = serializers.CharField(help_text="`key=value`")


class Incident(serializers.Serializer):
    """Something that is, or was, wrong at a source."""

    pk = serializers.IntegerField()
    start_time = TimestampField()
    end_time = InfinityTimestampField(allow_null=True, help_text='null: stateless; "infinity": open.')
    source = Source()
    source_incident_id = serializers.CharField(help_text="The source's own id for it.")
    details_url = serializers.CharField(allow_blank=True, help_text="Joined with the source's base URL.")
    description = serializers.CharField(allow_blank=True)
    ticket_url = serializers.CharField(allow_blank=True)
    tags = Tag(many=True)
    stateful = serializers.BooleanField(help_text="Whether it can be open or closed at all.")
    open = serializers.BooleanField(help_text="Stateful, and not ended yet.")
    acked = serializers.BooleanField(help_text="Has an acknowledgement that still holds.")


class BulkResult(serializers.Serializer):
    """What became of one of many new incidents."""

    status = serializers.ChoiceField(["created", "exists", "invalid"])
    pk = serializers.IntegerField(required=False, help_text="Of the incident that is there now; not of an invalid one.")
    errors = serializers.DictField(required=False, help_text="Only of an invalid one: by field, as for a single POST.")


class BulkResults(serializers.Serializer):
    """What became of each of many new incidents."""

    results = BulkResult(many=True, help_text="In the order of the request.")


class BulkIncidents(serializers.Serializer):
    """Many new incidents."""

    incidents = IncidentSerializer(many=True, max_length=MOST_AT_ONCE, help_text="Each as it would be posted alone.")


class KnownId(serializers.Serializer):
    """An incident by its two names."""

    pk = serializers.IntegerField()
    source_incident_id = serializers.CharField()


class SetDifference(serializers.Serializer):
    """What had to be done to make the open incidents of a source those of its list."""

    created = KnownId(many=True)
    reopened = KnownId(many=True, help_text="They may have been changed as well.")
    updated = KnownId(many=True)
    closed = KnownId(many=True, help_text="They were open, and not in the list.")


class OpenSet(serializers.Serializer):
    """All that is open at a source."""

    incidents = OpenIncidentSerializer(many=True, max_length=MOST_OPEN)


class UpsertResult(serializers.Serializer):
    """What was done, and what there is now."""

    result = serializers.ChoiceField(["created", "reopened", "updated", "unchanged"])
    incident = Incident()


def _many_results(part: str, answer):
    """Describe what became of many incidents; ``part`` is what was made of each."""
    result = inline_serializer(
        f"{part.title().replace('_', '')}Change",
        {
            part: answer,
            "status": serializers.IntegerField(help_text="As of a request for this one alone."),
            "errors": serializers.DictField(allow_null=True, help_text="As of a request for this one alone."),
        },
    )
    return inline_serializer(
        f"{part.title().replace('_', '')}Changes",
        {"changes": serializers.DictField(child=result, help_text="By pk of the incident.")},
    )


class Ticket(serializers.Serializer):
    """The ticket of an incident."""

    ticket_url = serializers.CharField(allow_blank=True)


class Actor(serializers.Serializer):
    """Who did it."""

    pk = serializers.IntegerField()
    username = serializers.CharField()


class EventKind(serializers.Serializer):
    """What kind of event it is, for programs and for people."""

    value = serializers.ChoiceField(EventType.choices)
    display = serializers.CharField()


class Event(serializers.Serializer):
    """Something that happened to an incident."""

    pk = serializers.IntegerField()
    incident = serializers.IntegerField(help_text="The pk of the incident.")
    actor = Actor()
    timestamp = TimestampField(help_text="When it happened, by the actor's clock.")
    received = TimestampField(help_text="When Argus was told, by its own clock.")
    type = EventKind()
    description = serializers.CharField(allow_blank=True)


class Ack(serializers.Serializer):
    """An acknowledgement: an event, and how long it holds."""

    pk = serializers.IntegerField(help_text="The event's pk.")
    event = Event()
    expiration = TimestampField(allow_null=True, help_text="null: for good.")


OF_SOURCES = [
    OpenApiParameter("source__id__in", str, description="Any of these sources, by pk.", examples=[examples.IDS]),
    OpenApiParameter("source__name__in", str, description="Any of these sources, by name: `NAME1,NAME2`."),
    OpenApiParameter("source__type__in", str, description="Sources of any of these types: `TYPE1,TYPE2`."),
]
FILTERS = [
    OpenApiParameter("start_time__gte", str, description="Started then or later."),
    OpenApiParameter("start_time__lte", str, description="Started then or earlier."),
    OpenApiParameter("end_time__gte", str, description="Ended, or ends, then or later; open ones count as later."),
    OpenApiParameter("end_time__lte", str, description="Ended, or ends, then or earlier."),
    OpenApiParameter("end_time__isnull", bool, description="true: stateless; false: stateful."),
    OpenApiParameter("tags", str, description="One of the values of each key.", examples=[examples.TAG_FILTER]),
]
ARRAY_PARAMETERS = [*PAGE_PARAMETERS, LINK_HEADER]


def _incident_pages(list_id: str, create_id: str, parameters: list):
    return described(
        "Incidents",
        get={
            "operation_id": list_id,
            "responses": page_of(Incident),
            "parameters": [*PAGE_PARAMETERS, *FILTERS, *parameters],
            "filters": True,
            "examples": [examples.INCIDENT_PAGE],
        },
        post={
            "operation_id": create_id,
            "responses": {201: Incident},
            "examples": [*examples.NEW_INCIDENTS, examples.INCIDENT],
        },
    )


def _incident_array(operation_id: str):
    return described(
        "Incidents",
        get={
            "operation_id": operation_id,
            "responses": array_or_page_of(Incident),
            "parameters": ARRAY_PARAMETERS,
            "examples": [examples.INCIDENTS, examples.INCIDENT_PAGE],
        },
    )


incident_list = _incident_pages("list_incidents", "create_incident", OF_SOURCES)
bulk = described(
    "Incidents",
    post={
        "operation_id": "create_incidents",
        "request": BulkIncidents,
        "responses": {200: BulkResults},
        "examples": [examples.NEW_BULK, examples.BULK_RESULTS],
    },
)
open_set = described(
    "Incidents",
    put={
        "operation_id": "replace_open_set",
        "request": OpenSet,
        "responses": {200: SetDifference},
        "examples": [examples.OPEN_SET, examples.SET_DIFFERENCE],
    },
)
by_source_id = described(
    "Incidents",
    put={
        "operation_id": "put_incident",
        "request": OpenIncidentSerializer,
        "responses": {200: UpsertResult, 201: UpsertResult},
        "examples": [examples.UPSERT, examples.UPSERT_RESULT],
    },
)
my_incident_list = _incident_pages("list_my_incidents", "create_my_incident", [])
open_incident_list = _incident_array("list_open_incidents")
open_unacked_incident_list = _incident_array("list_open_unacked_incidents")
MANY = {
    "acks": ("Acknowledgements", _many_results("ack", Ack(allow_null=True)), examples.MANY_ACKS),
    "events": ("Events", _many_results("event", Event(allow_null=True)), examples.MANY_EVENTS),
    "tickets": (
        "Incidents",
        _many_results("ticket_url", serializers.CharField(allow_null=True)),
        examples.MANY_TICKETS,
    ),
}


def many(what: str, *, version: int):
    """Describe what is done to many incidents at once."""
    tag, answer, example = MANY[what]
    suffix = "" if version == 1 else f"_v{version}"
    words = {"operation_id": f"create_many_{what}{suffix}", "responses": {201: answer}, "examples": example}
    return described(tag, post=words)


incident = described(
    "Incidents",
    get={"operation_id": "get_incident", "responses": Incident, "examples": [examples.INCIDENT]},
    patch={
        "operation_id": "change_incident",
        "responses": Incident,
        "examples": [examples.INCIDENT_CHANGE, examples.INCIDENT],
    },
)
ticket = described(
    "Incidents", put={"operation_id": "set_ticket_url", "responses": Ticket, "examples": [examples.TICKET]}
)
event_list = described(
    "Events",
    get={
        "operation_id": "list_events",
        "responses": array_or_page_of(Event),
        "parameters": ARRAY_PARAMETERS,
        "examples": [examples.EVENTS],
    },
    post={
        "operation_id": "create_event",
        "responses": {201: Event},
        "examples": [*examples.NEW_EVENTS, examples.EVENT],
    },
)
event = described("Events", get={"operation_id": "get_event", "responses": Event, "examples": [examples.EVENT]})
ack_list = described(
    "Acknowledgements",
    get={
        "operation_id": "list_acks",
        "responses": array_or_page_of(Ack),
        "parameters": ARRAY_PARAMETERS,
        "examples": [examples.ACKS],
    },
    post={
        "operation_id": "create_ack",
        "responses": {201: Ack},
        "examples": [*examples.NEW_ACKS, examples.ACK],
    },
)
ack = described("Acknowledgements", get={"operation_id": "get_ack", "responses": Ack, "examples": [examples.ACK]})
source_type_list = described(
    "Sources",
    get={"operation_id": "list_source_types", "responses": SourceType(many=True)},
    post={"operation_id": "create_source_type", "responses": {201: SourceType}},
)
source_list = described(
    "Sources",
    get={"operation_id": "list_sources", "responses": Source(many=True), "examples": [examples.SOURCE]},
    post={
        "operation_id": "create_source",
        "responses": {201: Source},
        "examples": [examples.NEW_SOURCE, examples.SOURCE],
    },
)
source = described(
    "Sources",
    get={"operation_id": "get_source", "responses": Source, "examples": [examples.SOURCE]},
    put={"operation_id": "rename_source", "responses": Source, "examples": [examples.SOURCE_NAME, examples.SOURCE]},
    patch={"operation_id": "change_source", "responses": Source, "examples": [examples.SOURCE_NAME, examples.SOURCE]},
)
metadata = described("Sources", get={"operation_id": "get_metadata", "responses": Metadata})
