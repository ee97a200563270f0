"""Views of incidents, events and acknowledgements. They find the incident, call a service and represent the result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.arrays import array_response
from argus.api.pagination import KeysetPagination
from argus.auth.requests import get_actor
from argus.http.idempotency import idempotent
from argus.incident import creation, services
from argus.incident.models import Event, Incident, IncidentQuerySet
from argus.incident.queries import find_visible_incident
from argus.incident.sources import check_may_post, source_to_post_for
from argus.util.errors import DomainError

from . import openapi
from .filters import IncidentFilter, MyIncidentFilter
from .representation import incident_rows, represent_ack, represent_event, represent_incident, represent_rows
from .serializers import (
    AckSerializer,
    EventSerializer,
    IncidentPatchSerializer,
    IncidentSerializer,
    TicketSerializer,
    validate_body,
)


@contextmanager
def errors_in_list() -> Iterator[None]:
    """Turn a ``DomainError`` into a response that is a list of messages (contract, "Everywhere")."""
    try:
        yield
    except DomainError as error:
        raise ValidationError([error.message]) from None


class IncidentView(generics.GenericAPIView[Any]):
    """Base class of the views of incidents."""

    queryset = Incident.objects.all()

    def get_queryset(self) -> IncidentQuerySet:
        """Return the incidents that the user may see; to others the response is 404."""
        return Incident.objects.visible_to(get_actor(self.request))

    def get_incident(self) -> Incident:
        """Return the incident of the URL, with its source. Raises ``Http404``."""
        try:
            return find_visible_incident(self.kwargs["pk"], get_actor(self.request))
        except Incident.DoesNotExist:
            raise Http404 from None

    def validated(self) -> dict[str, Any]:
        """Return the validated body. Raises ``ValidationError``."""
        if self.request.data is None:
            raise ValidationError({"non_field_errors": ["The body is null."]})
        assert self.serializer_class is not None
        return validate_body(self.serializer_class, self.request.data)


@openapi.incident_list
@idempotent
class IncidentListView(IncidentView):
    """All incidents, open and historic, newest first."""

    serializer_class = IncidentSerializer
    pagination_class = KeysetPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class: type[MyIncidentFilter] = IncidentFilter

    def get(self, request: Request) -> Response:
        """List incidents in pages."""
        paginator = KeysetPagination()
        incidents = incident_rows(self.filter_queryset(self.get_queryset()))
        rows = paginator.paginate_queryset(incidents, request, self)
        return Response(paginator.get_envelope(represent_rows(rows)))

    def post(self, request: Request) -> Response:
        """Create an incident of the caller's source."""
        actor = get_actor(request)
        with errors_in_list():
            check_may_post(actor)
        values = self.validated()
        with errors_in_list():
            source = source_to_post_for(actor, values.pop("source", None))
        incident = creation.create_incident(source, actor=actor, **values)
        return Response(represent_incident(incident, incident.new_tags), status=status.HTTP_201_CREATED)


@openapi.my_incident_list
class MyIncidentListView(IncidentListView):
    """The incidents of the caller's own source, newest first."""

    filterset_class = MyIncidentFilter

    def get_queryset(self) -> IncidentQuerySet:
        return super().get_queryset().posted_by(get_actor(self.request))


@openapi.incident
class IncidentDetailView(IncidentView):
    """One incident."""

    serializer_class = IncidentPatchSerializer

    def get(self, request: Request, pk: int) -> Response:
        """Show an incident."""
        return Response(represent_incident(self.get_incident()))

    def patch(self, request: Request, pk: int) -> Response:
        """Change the details URL, the ticket URL or the whole set of tags."""
        incident = services.update_incident(self.get_incident(), actor=get_actor(request), **self.validated())
        return Response(represent_incident(incident))


@openapi.ticket
class TicketView(IncidentView):
    """The ticket of an incident."""

    serializer_class = TicketSerializer

    def put(self, request: Request, pk: int) -> Response:
        """Set the ticket URL; an empty text clears it."""
        incident = services.update_incident(self.get_incident(), actor=get_actor(request), **self.validated())
        return Response({"ticket_url": incident.ticket_url})


@openapi.open_incident_list
class OpenIncidentListView(IncidentView):
    """All open incidents, newest first."""

    serializer_class = IncidentSerializer

    def get(self, request: Request) -> HttpResponseBase:
        """List incidents in a bare array."""
        rows = incident_rows(self.get_queryset())
        return array_response(request, rows, time_field="start_time", represent=represent_rows)

    def get_queryset(self) -> IncidentQuerySet:
        return super().get_queryset().open()


@openapi.open_unacked_incident_list
class OpenUnackedIncidentListView(OpenIncidentListView):
    """All open incidents without an acknowledgement that still holds, newest first."""

    def get_queryset(self) -> IncidentQuerySet:
        return super().get_queryset().unacked()


class EventView(IncidentView):
    """Base class of the views of an incident's history."""

    serializer_class: Any = EventSerializer
    represent: Callable[[Event], dict[str, Any]] = staticmethod(represent_event)

    def get_events(self) -> QuerySet[Event]:
        """Return the events of the incident of the URL. Raises ``Http404`` without such an incident."""
        incident = get_object_or_404(self.get_queryset().only("pk"), pk=self.kwargs["pk"])
        return Event.objects.filter(incident=incident).select_related("actor")


@openapi.event_list
@idempotent
class EventListView(EventView):
    """The events of an incident, newest first."""

    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """List events in a bare array."""
        return array_response(
            request,
            self.get_events(),
            time_field="timestamp",
            represent=lambda events: [self.represent(event) for event in events],
        )

    def post(self, request: Request, pk: int) -> Response:
        """Record an event."""
        incident, values = self.get_incident(), self.validated()
        event = services.record_event(incident, values.pop("type"), actor=get_actor(request), **values)
        return Response(self.represent(event), status=status.HTTP_201_CREATED)


@openapi.event
class EventDetailView(EventView):
    """One event of an incident."""

    def get(self, request: Request, pk: int, event_pk: int) -> Response:
        """Show an event."""
        return Response(self.represent(get_object_or_404(self.get_events(), pk=event_pk)))


class AckView(EventView):
    """Base class of the views of acknowledgements: events with an expiration."""

    serializer_class = AckSerializer
    represent = staticmethod(represent_ack)

    def get_events(self) -> QuerySet[Event]:
        return super().get_events().filter(ack__isnull=False).select_related("ack")


@openapi.ack_list
@idempotent
class AckListView(AckView, EventListView):
    """The acknowledgements of an incident, newest first."""

    def post(self, request: Request, pk: int) -> Response:
        """Acknowledge the incident."""
        incident, values = self.get_incident(), AckSerializer.to_arguments(self.validated())
        ack = services.acknowledge(incident, actor=get_actor(request), **values)
        return Response(self.represent(ack.event), status=status.HTTP_201_CREATED)


@openapi.ack
class AckDetailView(AckView, EventDetailView):
    """One acknowledgement of an incident."""
