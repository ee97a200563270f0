"""Incidents over REST: find, hand over to a service, show."""

from functools import cache

from django.shortcuts import get_object_or_404
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from argus.api.arrays import array_response
from argus.api.pagination import KeysetPagination
from argus.http.idempotency import idempotent
from argus.incident import services
from argus.incident.models import Event, Incident
from argus.incident.sources import source_to_post_for
from argus.util.errors import DomainError

from . import openapi
from .filters import IncidentFilter, MyIncidentFilter
from .representation import incident_rows, represent_ack, represent_event, represent_incident, represent_rows
from .serializers import AckSerializer, EventSerializer, IncidentPatchSerializer, IncidentSerializer, TicketSerializer


class IncidentView(generics.GenericAPIView):
    """What all views of incidents share."""

    queryset = Incident.objects.all()

    def get_queryset(self):
        """Leave out what the caller may not know of: it is as if it were not there."""
        return super().get_queryset().visible_to(self.request.user)

    def get_incident(self) -> Incident:
        """Find the incident named in the path, its source loaded."""
        return get_object_or_404(self.get_queryset().select_related("source"), pk=self.kwargs["pk"])

    def validated(self) -> dict:
        """Return the body's data in shape. Raises ``ValidationError``."""
        if self.request.data is None:
            raise ValidationError({"non_field_errors": ["The body is null."]})
        return shape(self.serializer_class).run_validation(self.request.data)


@cache
def shape(serializer_class) -> Serializer:
    """Return the one instance that checks all bodies: making its fields anew takes longer than the check itself."""
    return serializer_class()


@openapi.incident_list
@idempotent
class IncidentListView(IncidentView):
    """All incidents, open and historic, newest first."""

    serializer_class = IncidentSerializer
    pagination_class = KeysetPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = IncidentFilter

    def get(self, request):
        """List incidents in pages."""
        rows = self.paginate_queryset(incident_rows(self.filter_queryset(self.get_queryset())))
        return Response(self.paginator.get_envelope(represent_rows(rows)))

    def post(self, request):
        """Take in a new incident of the caller's source."""
        data = dict(self.validated())
        try:
            source = source_to_post_for(request.user, data.pop("source", None))
        except DomainError as error:
            raise ValidationError([error.message]) from None
        incident = services.create_incident(source, actor=request.user, **data)
        return Response(represent_incident(incident, incident.new_tags), status=status.HTTP_201_CREATED)


@openapi.my_incident_list
class MyIncidentListView(IncidentListView):
    """The incidents of the caller's own source, newest first."""

    filterset_class = MyIncidentFilter

    def get_queryset(self):
        return super().get_queryset().posted_by(self.request.user)


@openapi.incident
class IncidentDetailView(IncidentView):
    """One incident."""

    serializer_class = IncidentPatchSerializer

    def get(self, request, pk):
        """Show an incident."""
        return Response(represent_incident(self.get_incident()))

    def patch(self, request, pk):
        """Change the details URL, the ticket URL or the whole set of tags."""
        incident = services.update_incident(self.get_incident(), actor=request.user, **self.validated())
        return Response(represent_incident(incident))


@openapi.ticket
class TicketView(IncidentView):
    """The ticket of an incident."""

    serializer_class = TicketSerializer

    def put(self, request, pk):
        """Set the ticket URL; an empty text clears it."""
        incident = services.update_incident(self.get_incident(), actor=request.user, **self.validated())
        return Response({"ticket_url": incident.ticket_url})


@openapi.open_incident_list
class OpenIncidentListView(IncidentView):
    """All open incidents, newest first."""

    serializer_class = IncidentSerializer

    def get(self, request):
        """List incidents in a bare array."""
        rows = incident_rows(self.wanted(self.get_queryset()))
        return array_response(request, rows, time_field="start_time", represent=represent_rows)

    def wanted(self, queryset):
        return queryset.open()


@openapi.open_unacked_incident_list
class OpenUnackedIncidentListView(OpenIncidentListView):
    """All open incidents that nobody has acknowledged, newest first."""

    def wanted(self, queryset):
        return super().wanted(queryset).unacked()


class EventView(IncidentView):
    """What the views of an incident's history share."""

    serializer_class = EventSerializer
    represent = staticmethod(represent_event)

    def get_events(self):
        """Return the events of the incident named in the path, which must be there."""
        incident = get_object_or_404(self.get_queryset().only("pk"), pk=self.kwargs["pk"])
        return Event.objects.filter(incident=incident).select_related("actor")


@openapi.event_list
@idempotent
class EventListView(EventView):
    """The events of an incident, newest first."""

    def get(self, request, pk):
        """List events in a bare array."""
        return array_response(
            request,
            self.get_events(),
            time_field="timestamp",
            represent=lambda events: [self.represent(event) for event in events],
        )

    def post(self, request, pk):
        """Record that something happened."""
        incident, data = self.get_incident(), dict(self.validated())
        event = services.record_event(incident, data.pop("type"), actor=request.user, **data)
        return Response(self.represent(event), status=status.HTTP_201_CREATED)


@openapi.event
class EventDetailView(EventView):
    """One event of an incident."""

    def get(self, request, pk, event_pk):
        """Show an event."""
        return Response(self.represent(get_object_or_404(self.get_events(), pk=event_pk)))


class AckView(EventView):
    """An acknowledgement is an event with an expiration: it lists and shows like one."""

    serializer_class = AckSerializer
    represent = staticmethod(represent_ack)

    def get_events(self):
        return super().get_events().filter(ack__isnull=False).select_related("ack")


@openapi.ack_list
@idempotent
class AckListView(AckView, EventListView):
    """The acknowledgements of an incident, newest first."""

    def post(self, request, pk):
        """Acknowledge the incident."""
        incident, data = self.get_incident(), self.validated()
        ack = services.acknowledge(incident, actor=request.user, **AckSerializer.to_arguments(data))
        return Response(self.represent(ack.event), status=status.HTTP_201_CREATED)


@openapi.ack
class AckDetailView(AckView, EventDetailView):
    """One acknowledgement of an incident."""
