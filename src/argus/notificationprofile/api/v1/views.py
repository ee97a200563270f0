"""The caller's time slots, filters and profiles over REST, and the delivery log of an event.

The rows of other users do not exist here, not even for superusers.
"""

from functools import partial
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED
from rest_framework.utils import html

from argus.api.arrays import MAX_ROWS, array_response
from argus.api.owned import OwnedRowsMixin
from argus.api.warnings import add_warnings
from argus.auth.requests import get_actor
from argus.incident.api.v1.representation import incident_rows, represent_rows
from argus.incident.criteria import SOURCES, Criteria
from argus.incident.models import Event, Incident
from argus.incident.queries import filter_by_criteria
from argus.notificationprofile import delivery_log, validation
from argus.notificationprofile.deliverability import profile_problems
from argus.notificationprofile.models import Filter, NotificationProfile, Timeslot
from argus.util.errors import DomainError

from . import openapi
from .serializers import FilterSerializer, PreviewSerializer, ProfileSerializer, TimeslotSerializer


class OwnListView(OwnedRowsMixin, generics.ListCreateAPIView):
    """The caller's rows. Requests of one user write one after the other."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with validation.user_lock(get_actor(request)):
            return super().create(request, *args, **kwargs)


class OwnRowView(OwnedRowsMixin, generics.RetrieveUpdateDestroyAPIView):
    """One of the caller's rows. Requests of one user write one after the other."""

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with validation.user_lock(get_actor(request)):
            return super().update(request, *args, **kwargs)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with validation.user_lock(get_actor(request)):
            return super().destroy(request, *args, **kwargs)


@openapi.timeslot_list
class TimeslotListView(OwnListView):
    """The caller's time slots, by name."""

    serializer_class = TimeslotSerializer
    queryset = Timeslot.objects.prefetch_related("time_recurrences")


@openapi.timeslot
class TimeslotView(OwnRowView):
    """One of the caller's time slots."""

    serializer_class = TimeslotSerializer
    queryset = Timeslot.objects.prefetch_related("time_recurrences")


@openapi.filter_list
class FilterListView(OwnListView):
    """The caller's filters, by name."""

    serializer_class = FilterSerializer
    queryset = Filter.objects.all()


@openapi.filter
class FilterView(OwnRowView):
    """One of the caller's filters."""

    serializer_class = FilterSerializer
    queryset = Filter.objects.all()


class ProfileRows(OwnedRowsMixin, generics.GenericAPIView):
    """The caller's profiles. On the wire, the pk of a profile is that of its time slot (seed)."""

    serializer_class = ProfileSerializer
    queryset = NotificationProfile.objects.select_related("user", "timeslot", "phone_number").prefetch_related(
        "timeslot__time_recurrences", "filters"
    )
    lookup_field = "timeslot__pk"
    lookup_url_kwarg = "pk"


class WarnedProfile(ProfileRows):
    """Base class of views that show one profile, with a warning in a header if a part of it can never deliver."""

    shown: NotificationProfile | None = None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.shown is not None and response.status_code in {HTTP_200_OK, HTTP_201_CREATED}:
            add_warnings(response, profile_problems(self.shown))
        return response


@openapi.profile_list
class ProfileListView(WarnedProfile, OwnListView):
    """The caller's notification profiles, by the names of their time slots."""

    def perform_create(self, serializer: BaseSerializer) -> None:
        check_timeslot(serializer)
        super().perform_create(serializer)
        self.shown = serializer.instance


@openapi.profile
class ProfileView(WarnedProfile, OwnRowView):
    """One of the caller's notification profiles, by the pk of its time slot."""

    def get_object(self) -> NotificationProfile:
        self.shown = super().get_object()
        return self.shown

    def perform_update(self, serializer: BaseSerializer) -> None:
        check_timeslot(serializer)
        super().perform_update(serializer)


def check_timeslot(serializer: BaseSerializer) -> None:
    """Refuse a time slot that another profile uses. The body is then a list (contract)."""
    try:
        if timeslot := serializer.validated_data.get("timeslot"):
            validation.check_timeslot_is_free(timeslot, instance=serializer.instance)
    except DomainError as error:
        raise ValidationError([error.message]) from None


def matching_incidents(request: Request, criteria: list[Criteria]) -> HttpResponseBase:
    """Return the incidents that any of the criteria match, newest first."""
    rows = incident_rows(filter_by_criteria(Incident.objects.visible_to(get_actor(request)), criteria))
    return array_response(request, rows, time_field="start_time", represent=represent_rows)


@openapi.profile_incidents
class ProfileIncidentsView(ProfileRows):
    """The incidents of a profile, active or not."""

    queryset = NotificationProfile.objects.all()

    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """List the incidents, open and historic, that any of the profile's filters matches."""
        return matching_incidents(request, validation.criteria_of(self.get_object()))


@openapi.filter_preview
class FilterPreviewView(generics.GenericAPIView):
    """The incidents of a filter that is not stored."""

    serializer_class = PreviewSerializer

    def post(self, request: Request) -> HttpResponseBase:
        """List the incidents, open and historic, that a filter with these criteria would match."""
        return matching_incidents(request, [validation.read_preview(self.criteria_of(request.data))])

    @staticmethod
    def criteria_of(data: Any) -> Any:
        """Return the body. The numbers of a form are strings of digits."""
        if not html.is_html_input(data):
            return data
        lists = {key: data.getlist(key) for key in data}
        numbers = lists.get(SOURCES, [])
        if all(isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 20 for one in numbers):
            lists |= {SOURCES: [int(one) for one in numbers]} if numbers else {}
        return lists


@openapi.delivery_list
class DeliveryListView(generics.GenericAPIView):
    """The delivery log of an event."""

    queryset = Event.objects.select_related("incident")

    def get(self, request: Request, pk: int, event_pk: int) -> HttpResponseBase:
        """List who was notified of the event, who was not, and why. Users see their own part, staff all.

        First the deliveries, newest first. Then, without a pk, the profiles that have none: none of their filters
        matched or, until the event is routed, their verdict is `pending`. Pages, and lists that exceed the limit of an
        array, contain only the deliveries.
        """
        event, user = self.get_event(), get_actor(request)
        deliveries = delivery_log.deliveries_of(event, user)
        represent = partial(delivery_log.represent_deliveries, for_staff=user.is_staff)
        if not {"cursor", "page_size"} & request.query_params.keys():
            rows = list(deliveries.order_by("-created", "-pk")[: MAX_ROWS + 1])
            if len(rows) <= MAX_ROWS:
                return Response(represent(rows) + delivery_log.represent_others(event, user, rows))
        return array_response(request, deliveries, time_field="created", represent=represent)

    def get_event(self) -> Event:
        """Return the event of the path, if it belongs to the incident and the caller may see that."""
        incidents = Incident.objects.visible_to(get_actor(self.request)).filter(pk=self.kwargs["pk"])
        return get_object_or_404(self.get_queryset().filter(incident__in=incidents), pk=self.kwargs["event_pk"])
