"""One's own time slots, filters and profiles over REST, and what they would tell of.

Others' are not there, for superusers neither.
"""

from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.utils import html

from argus.api.arrays import array_response
from argus.api.owned import OwnRows
from argus.incident.api.v1.representation import incident_rows, represent_rows
from argus.incident.criteria import SOURCES
from argus.incident.models import Incident
from argus.incident.queries import filter_by_criteria
from argus.notificationprofile import validation
from argus.notificationprofile.models import Filter, NotificationProfile, Timeslot
from argus.util.errors import DomainError

from . import openapi
from .serializers import FilterSerializer, PreviewSerializer, ProfileSerializer, TimeslotSerializer


class Wishes(OwnRows, generics.GenericAPIView):
    """What the caller owns. Whoever writes does so alone among the caller's requests."""

    def create(self, request, *args, **kwargs):
        with validation.one_at_a_time(request.user):
            return super().create(request, *args, **kwargs)

    def update(self, request, *args, **kwargs):
        with validation.one_at_a_time(request.user):
            return super().update(request, *args, **kwargs)

    def destroy(self, request, *args, **kwargs):
        with validation.one_at_a_time(request.user):
            return super().destroy(request, *args, **kwargs)


class TimeslotRows(Wishes):
    serializer_class = TimeslotSerializer
    queryset = Timeslot.objects.prefetch_related("time_recurrences")


@openapi.timeslot_list
class TimeslotListView(TimeslotRows, generics.ListCreateAPIView):
    """The caller's time slots, by name."""


@openapi.timeslot
class TimeslotView(TimeslotRows, generics.RetrieveUpdateDestroyAPIView):
    """One of the caller's time slots."""


class FilterRows(Wishes):
    serializer_class = FilterSerializer
    queryset = Filter.objects.all()


@openapi.filter_list
class FilterListView(FilterRows, generics.ListCreateAPIView):
    """The caller's filters, by name."""


@openapi.filter
class FilterView(FilterRows, generics.RetrieveUpdateDestroyAPIView):
    """One of the caller's filters."""


class ProfileRows(Wishes):
    """The caller's profiles. Outside, the pk of a profile is that of its time slot (seed)."""

    serializer_class = ProfileSerializer
    queryset = NotificationProfile.objects.select_related("timeslot", "phone_number").prefetch_related(
        "timeslot__time_recurrences", "filters"
    )
    lookup_field = "timeslot__pk"
    lookup_url_kwarg = "pk"

    def perform_create(self, serializer):
        self.check_slot(serializer)
        super().perform_create(serializer)

    def perform_update(self, serializer):
        self.check_slot(serializer)
        super().perform_update(serializer)

    @staticmethod
    def check_slot(serializer) -> None:
        """Refuse a taken slot with a bare list (contract)."""
        try:
            if timeslot := serializer.validated_data.get("timeslot"):
                validation.check_slot_is_free(timeslot, but=serializer.instance)
        except DomainError as error:
            raise ValidationError([error.message]) from None


@openapi.profile_list
class ProfileListView(ProfileRows, generics.ListCreateAPIView):
    """The caller's notification profiles, by the names of their time slots."""


@openapi.profile
class ProfileView(ProfileRows, generics.RetrieveUpdateDestroyAPIView):
    """One of the caller's notification profiles, named by the pk of its time slot."""


def matching_incidents(request, criteria: list):
    """Answer with the incidents that any of the criteria match, newest first."""
    rows = incident_rows(filter_by_criteria(Incident.objects.visible_to(request.user), criteria))
    return array_response(request, rows, time_field="start_time", represent=represent_rows)


@openapi.profile_incidents
class ProfileIncidentsView(ProfileRows):
    """What a profile is about, whether it is active or not."""

    queryset = NotificationProfile.objects.all()

    def get(self, request, pk):
        """List the incidents, open and historic, that any of the profile's filters matches."""
        return matching_incidents(request, validation.criteria_of(self.get_object()))


@openapi.filter_preview
class FilterPreviewView(generics.GenericAPIView):
    """What a filter would be about."""

    serializer_class = PreviewSerializer

    def post(self, request):
        """List the incidents, open and historic, that a filter with these criteria would match."""
        return matching_incidents(request, [validation.read_preview(self.criteria_of(request.data))])

    @staticmethod
    def criteria_of(data):
        """Return the body; numbers of a form are text that consists of digits."""
        if not html.is_html_input(data):
            return data
        lists = {key: data.getlist(key) for key in data}
        numbers = lists.get(SOURCES, [])
        if all(isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 20 for one in numbers):
            lists |= {SOURCES: [int(one) for one in numbers]} if numbers else {}
        return lists
