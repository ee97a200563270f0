"""Who was told of an event, over REST."""

from functools import partial

from django.shortcuts import get_object_or_404
from rest_framework import generics
from rest_framework.response import Response

from argus.api.arrays import MOST_ROWS, array_response
from argus.incident.models import Event, Incident
from argus.notificationprofile import delivery_log

from . import openapi


@openapi.delivery_list
class DeliveryListView(generics.GenericAPIView):
    """Who was told of an event, who was not, and why."""

    queryset = Event.objects.select_related("incident")

    def get(self, request, pk, event_pk):
        """List who was told of the event, who was not, and why. Users see their own part, staff all.

        First the lines of the ledger, newest first; then, without a pk, the profiles that have none: because none of
        their filters matched or, as long as nobody has been selected yet, with the verdict `pending`. In pages, or if
        there are more lines than an array may have, the ledger's lines alone.
        """
        event = self.get_event()
        lines = delivery_log.lines_of(event, request.user)
        represent = partial(delivery_log.represent_lines, for_staff=request.user.is_staff)
        if not {"cursor", "page_size"} & request.query_params.keys():
            rows = list(lines.order_by("-created", "-pk")[: MOST_ROWS + 1])
            if len(rows) <= MOST_ROWS:
                return Response(represent(rows) + delivery_log.represent_others(event, request.user, rows))
        return array_response(request, lines, time_field="created", represent=represent)

    def get_event(self) -> Event:
        """Find the event named in the path, at its own incident, if the caller may know of that."""
        incidents = Incident.objects.visible_to(self.request.user).filter(pk=self.kwargs["pk"])
        return get_object_or_404(self.get_queryset().filter(incident__in=incidents), pk=self.kwargs["event_pk"])
