"""The API description of incidents, sources, events and acknowledgements: decorators for the views, and examples.

Documentation only. The examples follow one switch from its first alarm to its end.
"""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from argus.api.openapi import LINK_HEADER, PAGE_PARAMETERS, array_or_page_of, describe_view, page_of

from .representation import (
    INCIDENT_EXAMPLE,
    SOURCE_EXAMPLE,
    Ack,
    Event,
    Incident,
    Source,
    SourceType,
)
from .serializers import TicketSerializer


def operation(operation_id: str, responses: Any, *examples: OpenApiExample, **others: Any) -> dict[str, Any]:
    """Return the arguments of ``extend_schema`` for one method of a view."""
    return {"operation_id": operation_id, "responses": responses, "examples": list(examples), **others}


def request_example(name: str, value: Any) -> OpenApiExample:
    """Return an example of a request body."""
    return OpenApiExample(name, value=value, request_only=True)


def response_example(name: str, value: Any) -> OpenApiExample:
    """Return an example of a response body."""
    return OpenApiExample(name, value=value, response_only=True)


# Lists and single incidents

NEW_INCIDENT_EXAMPLE = {
    "source_incident_id": "90125",
    "start_time": "2026-03-02T08:15:30+01:00",
    "end_time": "infinity",
    "description": "Switch sw-3.example.org does not answer",
    "details_url": "/alerts/90125/",
    "tags": [{"tag": "host=sw-3.example.org"}, {"tag": "problem_type=boxDown"}],
}
LOG_LINE_EXAMPLE = {
    "source_incident_id": "90126",
    "start_time": "2026-03-02T08:17:00+01:00",
    "description": "User admin logged in to sw-3.example.org",
    "tags": [],
}
INCIDENT = response_example("An incident", INCIDENT_EXAMPLE)
INCIDENT_PAGE = response_example(
    "A page",
    {
        "next": "https://argus.example.org/api/v1/incidents/?cursor=cD0yMDI2LTAz&page_size=1",
        "previous": None,
        "results": [INCIDENT_EXAMPLE],
    },
)
NEW_INCIDENTS = [
    request_example("An open incident", NEW_INCIDENT_EXAMPLE),
    request_example("A stateless incident", LOG_LINE_EXAMPLE),
    request_example("An incident posted by a superuser, who names the source", {**NEW_INCIDENT_EXAMPLE, "source": 3}),
]
# Parameters have no examples: Swagger UI would fill them in, and "Try it out" would find nothing.
SOURCE_FILTERS = [
    OpenApiParameter("source__id__in", str, description="Any of these sources, by pk: `1,3`."),
    OpenApiParameter("source__name__in", str, description="Any of these sources, by name: `NAME1,NAME2`."),
    OpenApiParameter("source__type__in", str, description="Sources of any of these types: `TYPE1,TYPE2`."),
]
FILTERS = [
    OpenApiParameter("start_time__gte", str, description="Started at this time or later."),
    OpenApiParameter("start_time__lte", str, description="Started at this time or earlier."),
    OpenApiParameter("end_time__gte", str, description="Ends at this time or later; open incidents are included."),
    OpenApiParameter("end_time__lte", str, description="Ends at this time or earlier."),
    OpenApiParameter("end_time__isnull", bool, description="true: stateless; false: stateful."),
    OpenApiParameter(
        "tags", str, description="One of the values of each key: `host=sw-3,host=sw-4,problem_type=boxDown`."
    ),
]


def _incident_pages(list_id: str, create_id: str, *source_filters: OpenApiParameter) -> Callable[[type], type]:
    parameters = [*PAGE_PARAMETERS, *FILTERS, *source_filters]
    return describe_view(
        "Incidents",
        get=operation(list_id, page_of(Incident), INCIDENT_PAGE, parameters=parameters, filters=True),
        post=operation(create_id, {201: Incident}, *NEW_INCIDENTS, INCIDENT),
    )


def _array(operation_id: str, answer: type[serializers.Serializer], *examples: OpenApiExample) -> dict[str, Any]:
    return operation(operation_id, array_or_page_of(answer), *examples, parameters=[*PAGE_PARAMETERS, LINK_HEADER])


_incidents = response_example("A bare array", [INCIDENT_EXAMPLE])
incident_list = _incident_pages("list_incidents", "create_incident", *SOURCE_FILTERS)
my_incident_list = _incident_pages("list_my_incidents", "create_my_incident")
open_incident_list = describe_view("Incidents", get=_array("list_open_incidents", Incident, _incidents, INCIDENT_PAGE))
open_unacked_incident_list = describe_view(
    "Incidents", get=_array("list_open_unacked_incidents", Incident, _incidents, INCIDENT_PAGE)
)
incident = describe_view(
    "Incidents",
    get=operation("get_incident", Incident, INCIDENT),
    patch=operation(
        "change_incident",
        Incident,
        request_example(
            "A ticket and another set of tags",
            {"ticket_url": "https://tickets.example.org/RT/512", "tags": [{"tag": "host=sw-3.example.org"}]},
        ),
        INCIDENT,
    ),
)
_ticket = OpenApiExample("A ticket", value={"ticket_url": "https://tickets.example.org/RT/512"})
ticket = describe_view("Incidents", put=operation("set_ticket_url", TicketSerializer, _ticket))

# Events and acknowledgements

EVENT_EXAMPLE = {
    "pk": 9001,
    "incident": 4711,
    "actor": {"pk": 7, "username": "kari"},
    "timestamp": "2026-03-02T08:40:00+01:00",
    "received": "2026-03-02T08:40:00.125000+01:00",
    "type": {"value": "OTH", "display": "Other"},
    "description": "A technician is on the way",
}
ACK_EXAMPLE = {
    "pk": 9002,
    "event": {
        **EVENT_EXAMPLE,
        "pk": 9002,
        "type": {"value": "ACK", "display": "Acknowledge"},
        "description": "I am looking into it",
    },
    "expiration": "2026-03-02T16:00:00+01:00",
}
EVENT, ACK = response_example("An event", EVENT_EXAMPLE), response_example("An acknowledgement", ACK_EXAMPLE)
NEW_EVENTS = [
    request_example("A source ends its incident", {"type": "END", "timestamp": "2026-03-02T09:02:11+01:00"}),
    request_example("A user closes it now", {"type": "CLO", "description": "The fuse was replaced"}),
    request_example("A user reopens it now", {"type": "REO"}),
    request_example("A remark", {"type": "OTH", "description": "A technician is on the way"}),
]
NEW_ACKS = [
    request_example(
        "Until four in the afternoon",
        {"event": {"description": "I am looking into it"}, "expiration": "2026-03-02T16:00:00+01:00"},
    ),
    request_example("Without expiration", {"event": {}}),
]
event_list = describe_view(
    "Events",
    get=_array("list_events", Event, response_example("A bare array", [EVENT_EXAMPLE])),
    post=operation("create_event", {201: Event}, *NEW_EVENTS, EVENT),
)
event = describe_view("Events", get=operation("get_event", Event, EVENT))
ack_list = describe_view(
    "Acknowledgements",
    get=_array("list_acks", Ack, response_example("A bare array", [ACK_EXAMPLE])),
    post=operation("create_ack", {201: Ack}, *NEW_ACKS, ACK),
)
ack = describe_view("Acknowledgements", get=operation("get_ack", Ack, ACK))

# Sources


class Metadata(serializers.Serializer):
    """The values that a frontend offers as filters."""

    sourceSystems = Source(many=True)


_source = response_example("A source", SOURCE_EXAMPLE)
_name = request_example("Another name", {"name": "nav-north.example.org"})
_new_source = request_example(
    "A source", {"name": "nav.example.org", "type": "nav", "base_url": "https://nav.example.org/", "username": "nav"}
)
source_type_list = describe_view(
    "Sources",
    get=operation("list_source_types", SourceType(many=True)),
    post=operation("create_source_type", {201: SourceType}),
)
source_list = describe_view(
    "Sources",
    get=operation("list_sources", Source(many=True), _source),
    post=operation("create_source", {201: Source}, _new_source, _source),
)
source = describe_view(
    "Sources",
    get=operation("get_source", Source, _source),
    put=operation("rename_source", Source, _name, _source),
    patch=operation("change_source", Source, _name, _source),
)
metadata = describe_view("Sources", get=operation("get_metadata", Metadata))
