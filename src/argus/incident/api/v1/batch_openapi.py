"""The API description of requests that concern many incidents. Documentation only."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from argus.api.openapi import describe_view

from .openapi import (
    ACK_EXAMPLE,
    EVENT_EXAMPLE,
    LOG_LINE_EXAMPLE,
    NEW_INCIDENT_EXAMPLE,
    operation,
    request_example,
    response_example,
)
from .representation import INCIDENT_EXAMPLE, Ack, Event, Incident
from .serializers import (
    MAX_BATCH_SIZE,
    MAX_OPEN_INCIDENTS,
    IncidentSerializer,
    OpenIncidentSerializer,
    OwnIncidentSerializer,
)


class BulkResult(serializers.Serializer):
    """The outcome of one of many new incidents."""

    status = serializers.ChoiceField(["created", "exists", "invalid"])
    pk = serializers.IntegerField(required=False, help_text="Of the new or existing incident; absent if invalid.")
    errors = serializers.DictField(  # type: ignore[assignment]  # ``Serializer.errors`` is a property
        required=False, help_text="Only if invalid: by field, as for a single POST."
    )


class BulkResults(serializers.Serializer):
    """The outcome of each of many new incidents."""

    results = BulkResult(many=True, help_text="In the order of the request.")


class BulkIncidents(serializers.Serializer):
    """Many new incidents."""

    incidents: Any = serializers.ListSerializer(
        child=IncidentSerializer(), max_length=MAX_BATCH_SIZE, help_text="Each as in a single POST."
    )


class KnownId(serializers.Serializer):
    """An incident's pk and its ID at the source."""

    pk = serializers.IntegerField()
    source_incident_id = serializers.CharField()


class SetDifference(serializers.Serializer):
    """The changes that made the open incidents of a source equal to its list."""

    created = KnownId(many=True)
    reopened = KnownId(many=True, help_text="They may have been changed as well.")
    updated = KnownId(many=True)
    closed = KnownId(many=True, help_text="They were open, and not in the list.")


class OpenSet(serializers.Serializer):
    """All open incidents of a source."""

    incidents: Any = serializers.ListSerializer(child=OpenIncidentSerializer(), max_length=MAX_OPEN_INCIDENTS)


class UpsertResult(serializers.Serializer):
    """What was done, and the resulting incident."""

    result = serializers.ChoiceField(["created", "reopened", "updated", "closed", "unchanged"])
    incident = Incident()


_bulk_results = [
    {"status": "created", "pk": 4712},
    {"status": "exists", "pk": 4711},
    {"status": "invalid", "errors": {"start_time": ["This field is required."]}},
]
_difference = {"created": [], "reopened": [], "updated": [], "closed": [{"pk": 4709, "source_incident_id": "90119"}]}
bulk = describe_view(
    "Incidents",
    post=operation(
        "create_incidents",
        {200: BulkResults},
        request_example("Two incidents", {"incidents": [NEW_INCIDENT_EXAMPLE, LOG_LINE_EXAMPLE]}),
        response_example("One exists already, another was refused", {"results": _bulk_results}),
        request=BulkIncidents,
    ),
)
open_set = describe_view(
    "Incidents",
    put=operation(
        "replace_open_set",
        {200: SetDifference},
        request_example("The only open incident", {"incidents": [NEW_INCIDENT_EXAMPLE]}),
        response_example("One was closed", _difference),
        request=OpenSet,
    ),
)
by_source_id = describe_view(
    "Incidents",
    put=operation(
        "put_incident",
        {200: UpsertResult, 201: UpsertResult},
        request_example(
            "An incident",
            {key: NEW_INCIDENT_EXAMPLE[key] for key in NEW_INCIDENT_EXAMPLE if key != "source_incident_id"},
        ),
        request_example("The end of an incident", {"end_time": "2026-03-02T09:02:11+01:00"}),
        response_example("It was closed before", {"result": "reopened", "incident": INCIDENT_EXAMPLE}),
        request=OwnIncidentSerializer,
    ),
)
event_by_source_id = describe_view(
    "Events",
    post=operation(
        "create_event_by_source_id",
        {200: Event, 201: Event},
        request_example("The problem is solved", {"type": "END"}),
        request_example("A remark", {"type": "OTH", "description": "The standby has taken over"}),
        response_example("An event", EVENT_EXAMPLE),
    ),
    put={"exclude": True},
)
BATCHES: dict[str, tuple[str, str, Any, dict[str, Any], Any]] = {
    # what: heading, key of the result, its schema, the rest of the request, an example of the result
    "acks": (
        "Acknowledgements",
        "ack",
        Ack(allow_null=True),
        {"ack": {"event": {"description": "I am looking into it"}}},
        ACK_EXAMPLE,
    ),
    "events": ("Events", "event", Event(allow_null=True), {"event": {"type": "CLO"}}, EVENT_EXAMPLE),
    "tickets": (
        "Incidents",
        "ticket_url",
        serializers.CharField(allow_null=True),
        {"ticket_url": "https://tickets.example.org/RT/512"},
        "https://tickets.example.org/RT/512",
    ),
}


def _batch_results(key: str, schema: Any) -> Any:
    name = key.title().replace("_", "")
    fields = {
        key: schema,
        "status": serializers.IntegerField(help_text="As of a request for this incident alone."),
        "errors": serializers.DictField(allow_null=True, help_text="As of a request for this incident alone."),
    }
    changes = serializers.DictField(
        child=inline_serializer(f"{name}Change", fields), help_text="By pk of the incident."
    )
    return inline_serializer(f"{name}Changes", {"changes": changes})


BATCH_RESULTS = {what: _batch_results(key, schema) for what, (_, key, schema, _, _) in BATCHES.items()}


def batch(what: str, *, version: int) -> Callable[[type], type]:
    """Describe a request that changes many incidents: ``acks``, ``events`` or ``tickets``."""
    heading, key, _, body, result = BATCHES[what]
    changes = {
        "4711": {key: result, "status": 201, "errors": None},
        "4712": {key: None, "status": 404, "errors": {"detail": "Not found."}},
    }
    return describe_view(
        heading,
        post=operation(
            f"create_many_{what}" if version == 1 else f"create_many_{what}_v{version}",
            {201: BATCH_RESULTS[what]},
            request_example("Two incidents", {"ids": [4711, 4712], **body}),
            response_example("One does not exist", {"changes": changes}),
        ),
    )
