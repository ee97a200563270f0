"""Alerts over REST: find, hand over to a service, show."""

from django.db.models import Count
from rest_framework import generics, status
from rest_framework.response import Response

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links
from argus.inventory.permissions import check_is_staff

from .. import services
from ..models import Alert, Severity
from . import openapi
from .filters import filter_alerts, order_alerts
from .representation import represent_alert
from .serializers import ReportSerializer


class AlertView(generics.GenericAPIView):
    """What all views of alerts share: one sees what is on what one sees."""

    queryset = Alert.objects.select_related("incident")
    lookup_field = "uuid"

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)

    def represent(self, alerts: list[Alert]) -> list[dict]:
        links = Links(self.request)
        return [represent_alert(alert, links) for alert in alerts]


class FilteredAlerts(AlertView):
    """Those of the caller's alerts that the query asks for."""

    refuses_queries = True

    def filter_queryset(self, queryset):
        return filter_alerts(queryset, self.request.query_params, user=self.request.user)


@openapi.alert_list
class AlertListView(FilteredAlerts):
    """All alerts that the caller sees."""

    serializer_class = ReportSerializer
    pagination_class = CountedPagination

    def get(self, request):
        """List alerts in a bare array, newest first if not asked otherwise."""
        alerts = order_alerts(self.filter_queryset(self.get_queryset()), request.query_params)
        return self.get_paginated_response(self.represent(self.paginate_queryset(alerts)))

    def post(self, request):
        """Report something: a new alert, or an update of the open one of this type on this object. For staff."""
        check_is_staff(request.user)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        (shown,) = self.represent([services.raise_alert(data.pop("scope"), actor=request.user, **data)])
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Location": shown["url"]})


@openapi.alert
class AlertDetailView(AlertView):
    """One alert."""

    def get(self, request, uuid):
        """Show an alert."""
        return Response(*self.represent([self.get_object()]))


@openapi.close
class CloseView(AlertView):
    """The end of an alert."""

    def post(self, request, uuid):
        """Close an alert; one that is closed already keeps its time. No body is needed. For staff."""
        check_is_staff(request.user)
        services.close(self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@openapi.acknowledge
class AcknowledgeView(AlertView):
    """That somebody knows of an alert."""

    conflicting_methods = ("POST",)

    def post(self, request, uuid):
        """Acknowledge an alert, until that is cancelled. No body is needed."""
        alert = services.acknowledge(self.get_object(), actor=request.user)
        return Response(*self.represent([alert]))


@openapi.cancel_acknowledgment
class CancelAcknowledgmentView(AlertView):
    """That nobody knows of an alert any more."""

    conflicting_methods = ("POST",)

    def post(self, request, uuid):
        """Take back an acknowledgement, be it one's own or another's. No body is needed."""
        alert = services.cancel_acknowledgment(self.get_object(), actor=request.user)
        return Response(*self.represent([alert]))


@openapi.stats
class StatsView(FilteredAlerts):
    """How many alerts there are of each severity."""

    def get(self, request):
        """Count the alerts that the list with the same filters holds."""
        alerts = self.filter_queryset(self.get_queryset()).order_by().select_related(None)
        counts = dict(alerts.values_list("severity").annotate(Count("pk")))
        return Response({severity.label.lower(): counts.get(severity, 0) for severity in Severity})
