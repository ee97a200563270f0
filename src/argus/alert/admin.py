"""The read-only admin page of alerts. They are closed, reopened and acknowledged on the pages of their incidents."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from argus.adminkit.base import ReadOnlyAdmin
from argus.adminkit.display import Kind, badge, format_time, object_link, shorten
from argus.adminkit.keys import is_uuid
from argus.adminkit.search import ListFilter, NewestRowsFilter
from argus.incident.admin.search import AckedFilter, OpenFilter
from argus.incident.admin.state import state_badges
from argus.inventory.scopes import SCOPES

from .models import Alert, Severity

SEVERITY_KINDS: dict[int, Kind] = {Severity.ERROR: "alarm", Severity.WARNING: "notice"}


class AlertAckedFilter(NewestRowsFilter, AckedFilter):
    """Filters by a column of the incident, which no index has in the order of the list."""

    time_field = "created"


class SeverityFilter(ListFilter):
    """Filters by severity."""

    title = parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(label, label) for label in Severity.labels]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(severity=Severity.from_label(value)) if value in Severity.labels else self.refuse()


class ScopeTypeFilter(NewestRowsFilter, ListFilter):
    """Filters by the kind of object."""

    title, parameter_name = "scope type", "scope_type"
    time_field = "created"
    only_beside = frozenset({SeverityFilter.parameter_name})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in SCOPES]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(scope_type=value) if value in SCOPES else self.refuse()


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts with their incidents, newest first."""

    list_display = ["short_message", "severity_badge", "state", "alert_type", "scope", "created_at", "closed_at"]
    list_display += ["api_uuid"]
    list_filter = [OpenFilter, SeverityFilter, ScopeTypeFilter, AlertAckedFilter]
    fields = ["api_uuid", "incident_page", "severity_badge", "state", "alert_type", "scope", "message", "created_at"]
    fields += ["closed_at", "context_text"]
    ordering = ["-created", "-pk"]
    sortable_by = []
    # Shows the search field. ``search`` does the search.
    search_fields = ["alert_type"]
    search_help_text = (
        "UUID or exact type of an alert. The filters by acknowledgement and, beside a severity, by scope type apply to "
        "the newest 20 000 alerts that the filters above leave."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return super().get_queryset(request).select_related("incident")

    def search(self, request: HttpRequest, queryset: Any, text: str) -> tuple[QuerySet[Alert], bool]:
        if is_uuid(text):
            return queryset.filter(uuid=text.strip()), False
        return queryset.of_types([text]) if text else queryset, False

    def has_add_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    @admin.display(description="incident")
    def incident_page(self, alert: Alert) -> str:
        return object_link(alert.incident)

    @admin.display(description="scope")
    def scope(self, alert: Alert) -> str:
        name = alert.context.get("scope_name", alert.scope_uuid.hex)
        return f"{alert.scope_type}: {shorten(name)}" + ("" if alert.place_uuid else " (deleted)")

    @admin.display(description="message")
    def short_message(self, alert: Alert) -> str:
        return shorten(alert.incident.description)

    @admin.display(description="message")
    def message(self, alert: Alert) -> str:
        return alert.incident.description

    @admin.display(description="created")
    def created_at(self, alert: Alert) -> str:
        return format_time(alert.created)

    @admin.display(description="closed")
    def closed_at(self, alert: Alert) -> str:
        return format_time(alert.incident.end_time)

    @admin.display(description="state")
    def state(self, alert: Alert) -> str:
        return state_badges(alert.incident)

    @admin.display(description="severity")
    def severity_badge(self, alert: Alert) -> str:
        return badge(alert.get_severity_display(), SEVERITY_KINDS.get(alert.severity, "plain"))

    @admin.display(description="UUID")
    def api_uuid(self, alert: Alert) -> str:
        """Return the UUID as in the API."""
        return alert.uuid.hex

    @admin.display(description="context")
    def context_text(self, alert: Alert) -> str:
        text = json.dumps(alert.context, indent=2, ensure_ascii=False)
        return format_html('<span class="text">{}</span>', text)
