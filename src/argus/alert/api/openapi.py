"""The OpenAPI description of alerts. Documentation only."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from argus.api.links import HexUUIDField
from argus.api.openapi import NUMBERED_PAGE_PARAMETERS, describe_view
from argus.inventory.scopes import SCOPES

from ..models import Severity
from .filters import AGGREGATES, ORDERS

ALERTS = "Alerts"
SEVERITIES = [(label, label) for label in Severity.labels]


class Alert(serializers.Serializer):
    """A problem of an object of the inventory."""

    url = serializers.URLField()
    uuid = HexUUIDField()
    alert_type = serializers.CharField(help_text="Any text. One alert of a type can be open on an object.")
    message = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITIES)
    scope = serializers.URLField(allow_null=True, help_text="The object; null once it is deleted.")
    created = serializers.DateTimeField(help_text="UTC, to the millisecond.")
    closed = serializers.DateTimeField(allow_null=True, help_text="null while it is open.")
    context = serializers.DictField(  # type: ignore[assignment]  # ``Serializer.context`` is a property
        child=serializers.CharField(allow_blank=True),
        help_text="The objects that the scope belongs to, at the time of the last report, as `<role>_<field>`.",
    )
    acknowledged = serializers.BooleanField()


class AlertStats(serializers.Serializer):
    """Alerts by severity."""

    debug = serializers.IntegerField()
    info = serializers.IntegerField()
    warning = serializers.IntegerField()
    error = serializers.IntegerField()


_project = "https://argus.example.org/api/projects/b9e8a102b5ff4469b9ac03253fae4b95/"
_report = {
    "scope": _project,
    "alert_type": "quota_exceeded",
    "severity": "Warning",
    "message": "RAM: 90 % of the quota is used.",
}
_alert = {
    "url": "https://argus.example.org/api/alerts/e80e48a4e58b48ff9a1320a0aa0d68ab/",
    "uuid": "e80e48a4e58b48ff9a1320a0aa0d68ab",
    **_report,
    "created": "2026-03-02T08:40:00.250Z",
    "closed": None,
    "context": {
        "scope_uuid": "b9e8a102b5ff4469b9ac03253fae4b95",
        "scope_name": "Web shop",
        "customer_uuid": "53c6e86406e349faa7924f4c865b15ab",
        "customer_name": "Example Ltd",
        "customer_abbreviation": "EX",
        "customer_contact_details": "noc@example.org",
        "project_uuid": "b9e8a102b5ff4469b9ac03253fae4b95",
        "project_name": "Web shop",
    },
    "acknowledged": False,
}
REPORTED = [
    OpenApiExample("A project's quota", value=_report, request_only=True),
    OpenApiExample("A project's quota", value=_alert, response_only=True, status_codes=["201"]),
]
SHOWN = [OpenApiExample("A project's quota", value=_alert, response_only=True)]
TIMES = {
    "created_from": "Created at this time or later.",
    "created_to": "Created earlier.",
    "closed_from": "Closed at this time or later; not open.",
    "closed_to": "Closed earlier; not open.",
    "from": "Open, or closed at this time or later.",
    "to": "Created at this time or earlier; must be later than `from`.",
}


def _many(name: str, text: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, many=True, description=f"{text} Repeat it for several.", **options)


FILTERS = [
    _many("severity", "This severity.", enum=Severity.labels),
    _many("alert_type", "This type, exactly."),
    OpenApiParameter("scope", OpenApiTypes.URI, description="About this object, which the user must see."),
    OpenApiParameter("scope_type", str, enum=list(SCOPES), description="About this kind of object."),
    *(
        OpenApiParameter(name, float, description=f"{text} Seconds since 1970, UTC, with an optional fraction.")
        for name, text in TIMES.items()
    ),
    OpenApiParameter("opened", str, allow_blank=True, description="Open alerts only, with any value or none."),
    OpenApiParameter(
        "aggregate",
        str,
        enum=list(AGGREGATES),
        description="About objects of this kind and all objects in them; with `uuid`, about that object only.",
    ),
    OpenApiParameter("uuid", str, description="The object of `aggregate`; without `aggregate`, a customer."),
    OpenApiParameter("acknowledged", bool, description="Whether the alert is acknowledged."),
]
ORDER = OpenApiParameter(
    "o",
    str,
    enum=[choice for name in ORDERS for choice in (name, f"-{name}")],
    description="By creation, or from Debug to Error; a minus reverses the order. The default is newest first.",
)


def _action(name: str, **answer: Any) -> Callable[[Any], Any]:
    return describe_view(ALERTS, post={"operation_id": name, "request": None, **answer})


alert_list = describe_view(
    ALERTS,
    get={
        "operation_id": "list_alerts",
        "parameters": [*FILTERS, ORDER, *NUMBERED_PAGE_PARAMETERS],
        "responses": Alert(many=True),
        "examples": SHOWN,
    },
    post={"operation_id": "report_alert", "responses": {201: Alert}, "examples": REPORTED},
)
alert = describe_view(ALERTS, get={"operation_id": "get_alert", "responses": Alert, "examples": SHOWN})
close = _action("close_alert", responses={204: None})
acknowledge = _action("acknowledge_alert", responses=Alert, examples=SHOWN)
cancel_acknowledgment = _action("cancel_acknowledgment_of_alert", responses=Alert, examples=SHOWN)
stats = describe_view(
    ALERTS,
    get={"operation_id": "count_alerts", "parameters": FILTERS, "responses": AlertStats},
)
