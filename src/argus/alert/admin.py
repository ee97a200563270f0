"""The page of alerts. Only to be looked at: closing, reopening and acknowledging is done on their incidents."""

from django.contrib import admin

from argus.adminkit.base import ReadOnlyAdmin
from argus.adminkit.display import format_time, object_link, shorten
from argus.adminkit.search import ListFilter, NewestRowsFilter
from argus.incident.admin.search import AckedFilter, OpenFilter
from argus.inventory.scopes import SCOPES

from .models import Alert, Severity


class AlertAckedFilter(NewestRowsFilter, AckedFilter):
    """Whether an alert is acknowledged stands in its incident, so no index has it in the order of the list."""

    time_field = "created"


class SeverityFilter(ListFilter):
    title = parameter_name = "severity"

    def lookups(self, request, model_admin):
        return [(label, label) for label in Severity.labels]

    def apply(self, queryset, value):
        return queryset.filter(severity=Severity.named(value)) if value in Severity.labels else self.refuse()


class ScopeTypeFilter(NewestRowsFilter, ListFilter):
    title = parameter_name = "scope_type"
    time_field = "created"
    only_beside = frozenset({SeverityFilter.parameter_name})

    def lookups(self, request, model_admin):
        return [(kind, kind) for kind in SCOPES]

    def apply(self, queryset, value):
        return queryset.filter(scope_type=value) if value in SCOPES else self.refuse()


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts and the incidents that they are, newest first."""

    list_display = ["uuid", "severity", "alert_type", "scope", "short_message", "created_at", "closed_at", "is_acked"]
    list_filter = [OpenFilter, SeverityFilter, ScopeTypeFilter, AlertAckedFilter]
    fields = ["uuid", "incident_page", "severity", "alert_type", "scope", "message", "created_at", "closed_at"]
    fields += ["is_acked", "context"]
    ordering = ["-created", "-pk"]
    sortable_by = []
    # That there is something to search by; how it is done is in ``search``.
    search_fields = ["alert_type"]
    search_help_text = (
        "The type of an alert, exactly. Acknowledged ones, and scopes beside a severity, are looked for among the "
        "newest 20 000 that the filters above leave."
    )

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("incident")

    def search(self, request, queryset, text):
        return queryset.of_types([text]) if text else queryset, False

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="incident")
    def incident_page(self, alert):
        return object_link(alert.incident)

    @admin.display(description="scope")
    def scope(self, alert):
        name = alert.context.get("scope_name", alert.scope_uuid.hex)
        return f"{alert.scope_type}: {shorten(name)}" + ("" if alert.place_uuid else " (deleted)")

    @admin.display(description="message")
    def short_message(self, alert):
        return shorten(alert.incident.description)

    @admin.display(description="message")
    def message(self, alert):
        return alert.incident.description

    @admin.display(description="created")
    def created_at(self, alert):
        return format_time(alert.created)

    @admin.display(description="closed")
    def closed_at(self, alert):
        return format_time(alert.incident.end_time)

    @admin.display(description="acknowledged", boolean=True)
    def is_acked(self, alert):
        return alert.incident.acked
