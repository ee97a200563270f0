"""Views of requests that concern many incidents: changes to a selection, bulk creation, synchronisation of a source."""

from functools import cache
from typing import Any

from rest_framework import generics, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.bodies import validation_error
from argus.api.errors import MAX_ERRORS, NON_FIELD_ERRORS, count_errors, error_body, exception_handler
from argus.api.lists import as_object, errors_by_position
from argus.api.parsers import JSONParser
from argus.auth.requests import get_actor
from argus.http.idempotency import idempotent
from argus.incident import services
from argus.incident.creation import Result, Status, create_incidents
from argus.incident.models import Incident, SourceSystem
from argus.incident.sources import check_may_post, source_to_post_for
from argus.incident.sync import InvalidSyncError, SyncResult, record_source_event, sync_incidents
from argus.util.errors import DomainError

from . import batch_openapi
from .representation import represent_ack, represent_event, represent_incident
from .serializers import (
    AckSerializer,
    BulkSerializer,
    EventSerializer,
    IncidentSerializer,
    ManyAcksSerializer,
    ManyEventsSerializer,
    ManyTicketsSerializer,
    OpenIncidentSerializer,
    OpenSetSerializer,
    OwnIncidentSerializer,
    validate_body,
)
from .views import errors_in_list


class BatchView(generics.GenericAPIView[Any]):
    """Base class of the views that apply one change to selected incidents, as published frontends do it.

    Each incident is a transaction of its own and has its own result, under the key ``part``.
    """

    parser_classes = [JSONParser]
    serializer_class: Any
    part: str

    def post(self, request: Request) -> Response:
        """Apply a change to each of the incidents, in the order of their pks."""
        body = validate_body(self.serializer_class, request.data)
        incidents = Incident.objects.visible_to(get_actor(request)).select_related("source").in_bulk(body["ids"])
        changes = {pk: self.result_of(incidents.get(pk), body) for pk in sorted(set(body["ids"]))}
        return Response({"changes": changes}, status=status.HTTP_201_CREATED)

    def result_of(self, incident: Incident | None, body: dict[str, Any]) -> dict[str, Any]:
        """Return the result for an incident, or why it was refused; ``status`` is that of a single request."""
        try:
            if incident is None:
                raise NotFound
            return {self.part: self.change(incident, body), "status": status.HTTP_201_CREATED, "errors": None}
        except (DomainError, NotFound) as error:
            refusal = exception_handler(error, {})
            assert refusal is not None
            return {self.part: None, "status": refusal.status_code, "errors": refusal.data}

    def change(self, incident: Incident, body: dict[str, Any]) -> Any:
        """Apply the change and return its representation."""
        raise NotImplementedError


@batch_openapi.batch("acks", version=1)
@idempotent
class ManyAcksView(BatchView):
    """Acknowledgements of many incidents."""

    serializer_class = ManyAcksSerializer
    part = "ack"

    def change(self, incident: Incident, body: dict[str, Any]) -> dict[str, Any]:
        values = AckSerializer.to_arguments(body["ack"])
        return represent_ack(services.acknowledge(incident, actor=get_actor(self.request), **values).event)


@batch_openapi.batch("events", version=1)
@idempotent
class ManyEventsView(BatchView):
    """An event of many incidents."""

    serializer_class = ManyEventsSerializer
    part = "event"

    def change(self, incident: Incident, body: dict[str, Any]) -> dict[str, Any]:
        values = dict(body["event"])
        event = services.record_event(incident, values.pop("type"), actor=get_actor(self.request), **values)
        return represent_event(event)


@batch_openapi.batch("tickets", version=1)
@idempotent
class ManyTicketsView(BatchView):
    """One ticket for many incidents."""

    serializer_class = ManyTicketsSerializer
    part = "ticket_url"

    def change(self, incident: Incident, body: dict[str, Any]) -> str:
        actor = get_actor(self.request)
        return services.update_incident(incident, actor=actor, ticket_url=body["ticket_url"]).ticket_url


@batch_openapi.batch("acks", version=2)
class ManyAcksV2View(ManyAcksView):
    """Acknowledgements of many incidents, at the URL that later frontends use."""


@batch_openapi.batch("events", version=2)
class ManyEventsV2View(ManyEventsView):
    """An event of many incidents, at the URL that later frontends use."""


@batch_openapi.batch("tickets", version=2)
class ManyTicketsV2View(ManyTicketsView):
    """One ticket for many incidents, at the URL that later frontends use."""


@batch_openapi.bulk
@idempotent
class BulkView(generics.GenericAPIView[Any]):
    """Many new incidents."""

    serializer_class = BulkSerializer
    parser_classes = [JSONParser]

    def post(self, request: Request) -> Response:
        """Create incidents, and return the outcome for each."""
        actor = get_actor(request)
        with errors_in_list():
            check_may_post(actor)
        bodies = validate_body(BulkSerializer, request.data)["incidents"]
        # The list of a superuser may be from many sources. Each is looked up once.
        find_source = cache(lambda pk: source_to_post_for(actor, pk))
        items = [self.validate_incident(body, find_source) for body in bodies]
        results = iter(create_incidents([item for item in items if isinstance(item, dict)], actor=actor))
        outcomes = [next(results) if isinstance(item, dict) else item for item in items]
        return Response({"results": represent_outcomes(outcomes)})

    @staticmethod
    def validate_incident(body: Any, find_source: Any) -> dict[str, Any] | ValidationError:
        """Return the arguments of the service, or the error of an invalid body."""
        try:
            values = validate_body(IncidentSerializer, body)
            return {**values, "source": find_source(values.get("source"))}
        except ValidationError as error:
            return error
        except DomainError as error:
            return ValidationError({"source": [error.message]})


def represent_outcomes(outcomes: list[Result | ValidationError]) -> list[dict[str, Any]]:
    """Return the outcomes as dictionaries, with at most ``MAX_ERRORS`` errors and for others only their number."""
    results, listed = [represent_outcome(outcome) for outcome in outcomes], 0
    for result in results:
        number = count_errors(result.get("errors", {}))
        listed += number
        if number and listed > MAX_ERRORS:
            message = f"{number} errors, which are not listed: a response lists at most {MAX_ERRORS}."
            result["errors"] = {NON_FIELD_ERRORS: [message]}
    return results


def represent_outcome(outcome: Result | ValidationError) -> dict[str, Any]:
    """Return the outcome of one incident as a dictionary."""
    if isinstance(outcome, ValidationError):
        return {"status": Status.INVALID, "errors": as_object(outcome.detail)}
    if outcome.error:
        return {"status": Status.INVALID, "errors": error_body(outcome.error)}
    return {"status": outcome.status, "pk": outcome.pk}


class OwnSourceView(generics.GenericAPIView[Any]):
    """Base class of the views of the caller's own source."""

    def get_source(self) -> SourceSystem:
        """Return the caller's source. Raises ``ValidationError`` for users without one."""
        with errors_in_list():
            return source_to_post_for(get_actor(self.request))


@batch_openapi.open_set
class OpenSetView(OwnSourceView):
    """All open incidents of the caller's source."""

    serializer_class = OpenSetSerializer
    parser_classes = [JSONParser]

    def put(self, request: Request) -> Response:
        """Make the open incidents of the source those of the list, and return the difference."""
        source, bodies = self.get_source(), validate_body(OpenSetSerializer, request.data)["incidents"]
        try:
            difference = sync_incidents(source, validate_open_incidents(bodies), actor=get_actor(request))
        except InvalidSyncError as invalid:
            errors = {index: error_body(error) for index, error in invalid.errors.items()}
            raise validation_error({"incidents": errors_by_position(errors, len(bodies))}) from None
        return Response(represent_difference(difference))


@batch_openapi.by_source_id
class BySourceIdView(OwnSourceView):
    """An incident of the caller's source, by its ID at the source."""

    serializer_class: Any = OwnIncidentSerializer

    def put(self, request: Request, source_incident_id: str) -> Response:
        """Create, reopen, change or close the incident, so that it is as in the body, and return what was done."""
        source, actor = self.get_source(), get_actor(request)
        values = validate_body(OwnIncidentSerializer, with_id(request.data, source_incident_id))
        try:
            difference = sync_incidents(source, [values], actor=actor, is_complete=False)
        except InvalidSyncError as invalid:
            raise ValidationError(error_body(invalid.errors[0])) from None
        result = next((word for word, incidents in vars(difference).items() if incidents), "unchanged")
        incident = self.get_incident(source, values["source_incident_id"])
        return Response(
            {"result": result, "incident": represent_incident(incident)},
            status=status.HTTP_201_CREATED if difference.created else status.HTTP_200_OK,
        )

    def get_incident(self, source: SourceSystem, source_incident_id: str) -> Incident:
        """Return the incident. A restricted one keeps its ID and is not shown. Raises ``Incident.DoesNotExist``."""
        visible = Incident.objects.visible_to(get_actor(self.request)).select_related("source")
        return visible.get(source=source, source_incident_id=source_incident_id)


@batch_openapi.event_by_source_id
@idempotent
class EventBySourceIdView(BySourceIdView):
    """The events of an incident of the caller's source, by its ID at the source."""

    serializer_class = EventSerializer

    def post(self, request: Request, source_incident_id: str) -> Response:
        """Record an event, at the present time unless the body has a timestamp.

        Ends can be repeated: the incident is closed if it is open; otherwise the event that closed it is returned.
        """
        source, actor = self.get_source(), get_actor(request)
        own = validate_body(OwnIncidentSerializer, {"source_incident_id": source_incident_id})
        incident = self.get_incident(source, own["source_incident_id"])
        values = validate_body(EventSerializer, request.data)
        event, is_new = record_source_event(incident, values.pop("type"), actor=actor, **values)
        return Response(represent_event(event), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    def put(self, request: Request, source_incident_id: str) -> Response:
        """Change the incident whose ID ends in ``/events``."""
        return super().put(request, f"{source_incident_id}/events")


def validate_open_incidents(bodies: list[Any]) -> list[dict[str, Any]]:
    """Return the arguments of the service. Raises ``ValidationError`` with one object for each body."""
    values, errors = [], {}
    for index, body in enumerate(bodies):
        try:
            values.append(validate_body(OpenIncidentSerializer, body))
        except ValidationError as error:
            errors[index] = error.detail
    if errors:
        raise validation_error({"incidents": errors_by_position(errors, len(bodies))})
    return values


def with_id(body: Any, source_incident_id: str) -> Any:
    """Add the ID of the URL to the body. Raises ``ValidationError`` if the body has another one."""
    if not isinstance(body, dict):
        return body
    if str(body.get("source_incident_id", source_incident_id)) != source_incident_id:
        raise ValidationError({"source_incident_id": ["This is not the ID in the URL."]})
    # A form is a dictionary of lists, which a literal would copy.
    body = body.copy()
    body["source_incident_id"] = source_incident_id
    return body


def represent_difference(difference: SyncResult) -> dict[str, Any]:
    """Return the changes of a synchronisation as a dictionary."""
    return {
        word: [{"pk": one.pk, "source_incident_id": one.source_incident_id} for one in incidents]
        for word, incidents in vars(difference).items()
    }
