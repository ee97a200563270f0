"""Views of alerts: find them, call a service, and represent the result."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links
from argus.auth.requests import get_actor
from argus.inventory.permissions import check_is_staff

from .. import services
from ..models import Alert, AlertQuerySet, Severity
from . import openapi
from .filters import filter_alerts, order_alerts
from .representation import represent_alert
from .serializers import ReportSerializer


class AlertView(generics.GenericAPIView[Any]):
    """Base class of all views: a user sees the alerts on visible objects."""

    queryset = Alert.objects.all()
    lookup_field = "uuid"

    def get_queryset(self) -> AlertQuerySet:
        return Alert.objects.select_related("incident").visible_to(get_actor(self.request))

    def represent(self, alerts: Iterable[Alert]) -> list[dict[str, Any]]:
        links = Links(self.request)
        return [represent_alert(alert, links) for alert in alerts]


class FilteredAlerts(AlertView):
    """Base class of views with filters."""

    refuses_queries = True

    def filter_queryset(self, queryset: Any) -> Any:
        return filter_alerts(queryset, self.request.query_params, user=get_actor(self.request))


@openapi.alert_list
class AlertListView(FilteredAlerts):
    """All alerts that the user sees."""

    serializer_class = ReportSerializer
    pagination_class = CountedPagination

    def get(self, request: Request) -> Response:
        """List alerts in an array, by default newest first."""
        alerts = order_alerts(self.filter_queryset(self.get_queryset()), request.query_params)
        return self.get_paginated_response(self.represent(self.paginate_queryset(alerts) or []))

    def post(self, request: Request) -> Response:
        """Report an alert: open a new one, or update the open one of this type on this object. For staff."""
        check_is_staff(get_actor(request))
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        (shown,) = self.represent([services.raise_alert(data.pop("scope"), actor=get_actor(request), **data)])
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Location": shown["url"]})


@openapi.alert
class AlertDetailView(AlertView):
    """One alert."""

    def get(self, request: Request, uuid: UUID) -> Response:
        """Show an alert."""
        return Response(self.represent([self.get_object()])[0])


@openapi.close
class CloseView(AlertView):
    """Closing an alert."""

    def post(self, request: Request, uuid: UUID) -> Response:
        """Close an alert. A closed alert keeps its time. No body is needed. For staff."""
        check_is_staff(get_actor(request))
        services.close(self.get_object(), actor=get_actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@openapi.acknowledge
class AcknowledgeView(AlertView):
    """Acknowledging an alert."""

    conflicting_methods = ("POST",)

    def post(self, request: Request, uuid: UUID) -> Response:
        """Acknowledge an alert, until that is cancelled. No body is needed."""
        alert = services.acknowledge(self.get_object(), actor=get_actor(request))
        return Response(self.represent([alert])[0])


@openapi.cancel_acknowledgment
class CancelAcknowledgmentView(AlertView):
    """Cancelling the acknowledgement of an alert."""

    conflicting_methods = ("POST",)

    def post(self, request: Request, uuid: UUID) -> Response:
        """Cancel the acknowledgement, also that of another user. No body is needed."""
        alert = services.cancel_acknowledgment(self.get_object(), actor=get_actor(request))
        return Response(self.represent([alert])[0])


@openapi.stats
class StatsView(FilteredAlerts):
    """Numbers of alerts by severity."""

    def get(self, request: Request) -> Response:
        """Count the alerts that the list with the same filters holds."""
        alerts = self.filter_queryset(self.get_queryset()).order_by().select_related(None)
        counts = dict(alerts.values_list("severity").annotate(Count("pk")))
        return Response({severity.label.lower(): counts.get(severity, 0) for severity in Severity})
