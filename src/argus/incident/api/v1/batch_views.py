"""The same done to many incidents in one request, as frontends do it with the rows that somebody has chosen.

Each incident is a transaction of its own, and has a result of its own. Source of the shapes: what the published
frontend 1.14 sends and reads.
"""

from rest_framework import generics, status
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from argus.api.errors import exception_handler
from argus.api.parsers import JSONParser
from argus.http.idempotency import idempotent
from argus.incident import services
from argus.incident.models import Incident
from argus.util.errors import DomainError

from . import openapi
from .representation import represent_ack, represent_event
from .serializers import AckSerializer, ManyAcksSerializer, ManyEventsSerializer, ManyTicketsSerializer
from .views import shape


class ManyView(generics.GenericAPIView):
    """What is common to all of them: find each, do it, tell what became of it. ``part`` is its name in the answer."""

    parser_classes = [JSONParser]
    part: str

    def post(self, request):
        """Do the same to each of the incidents, in the order of their pks."""
        body = shape(self.serializer_class).run_validation(request.data)
        incidents = Incident.objects.visible_to(request.user).select_related("source").in_bulk(body["ids"])
        changes = {pk: self.result_of(incidents.get(pk), body) for pk in sorted(set(body["ids"]))}
        return Response({"changes": changes}, status=status.HTTP_201_CREATED)

    def result_of(self, incident: Incident | None, body: dict) -> dict:
        """Return what was made of the incident, or why it was not: ``status`` is that of a single request."""
        try:
            if incident is None:
                raise NotFound
            return {self.part: self.change(incident, body), "status": status.HTTP_201_CREATED, "errors": None}
        except (DomainError, NotFound) as error:
            refusal = exception_handler(error, {})
            return {self.part: None, "status": refusal.status_code, "errors": refusal.data}

    def change(self, incident: Incident, body: dict):
        """Do it, and return what there is to show."""
        raise NotImplementedError


@openapi.many("acks", version=1)
@idempotent
class ManyAcksView(ManyView):
    """Acknowledgements of many incidents."""

    serializer_class = ManyAcksSerializer
    part = "ack"

    def change(self, incident, body):
        ack = services.acknowledge(incident, actor=self.request.user, **AckSerializer.to_arguments(body["ack"]))
        return represent_ack(ack.event)


@openapi.many("events", version=1)
@idempotent
class ManyEventsView(ManyView):
    """An event of many incidents."""

    serializer_class = ManyEventsSerializer
    part = "event"

    def change(self, incident, body):
        data = dict(body["event"])
        return represent_event(services.record_event(incident, data.pop("type"), actor=self.request.user, **data))


@openapi.many("tickets", version=1)
@idempotent
class ManyTicketsView(ManyView):
    """One ticket for many incidents."""

    serializer_class = ManyTicketsSerializer
    part = "ticket_url"

    def change(self, incident, body):
        changed = services.update_incident(incident, actor=self.request.user, ticket_url=body["ticket_url"])
        return changed.ticket_url


@openapi.many("acks", version=2)
class ManyAcksV2View(ManyAcksView):
    """Acknowledgements of many incidents, where later frontends look for it."""


@openapi.many("events", version=2)
class ManyEventsV2View(ManyEventsView):
    """An event of many incidents, where later frontends look for it."""


@openapi.many("tickets", version=2)
class ManyTicketsV2View(ManyTicketsView):
    """One ticket for many incidents, where later frontends look for it."""
