"""Pages of incidents."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from argus.adminkit.base import ServiceAdmin
from argus.adminkit.display import external_link, format_duration, format_time, shorten
from argus.auth.models import User
from argus.auth.requests import get_actor
from argus.incident import creation, services
from argus.incident.api.v1.serializers import MAX_TAGS
from argus.incident.models import Incident, IncidentTagRelation
from argus.util.urls import join_url

from .actions import ACTION_FORMS, FROM_PAGE, OperatorActionsMixin
from .forms import IncidentForm, TagForm, TagFormSet
from .search import (
    AckedFilter,
    OpenFilter,
    SourceFilter,
    SourceTypeFilter,
    StartFilter,
    StatefulFilter,
    search_incidents,
)
from .state import state_badges
from .timeline import timeline_of

CHANGEABLE = ["end_time", "details_url", "ticket_url"]
MAX_SHOWN_TAGS = 10


class TagInline(admin.TabularInline):
    """The tags of an incident. The permissions are those of the incident; the service checks who added a tag."""

    model = IncidentTagRelation
    form = TagForm
    formset = TagFormSet
    fields = ["text", "added_by", "added_time"]
    readonly_fields = ["added_by", "added_time"]
    verbose_name = "tag"
    verbose_name_plural = "tags"
    extra = 1
    max_num = MAX_TAGS

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, absolute_max=MAX_TAGS + self.extra, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncidentTagRelation]:
        return super().get_queryset(request).select_related("tag", "added_by").order_by("pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request) or obj is None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("view", request) or self._may("change", request)

    @staticmethod
    def _may(act: str, request: HttpRequest) -> bool:
        return request.user.has_perm(f"argus_incident.{act}_incident")


@admin.register(Incident)
class IncidentAdmin(OperatorActionsMixin, ServiceAdmin):
    """Incidents. Their end, URLs and tags can be corrected; everything else stays as the source posted it."""

    form = IncidentForm
    inlines = [TagInline]
    autocomplete_fields = ["source"]
    change_form_template = "admin/argus_incident/incident/page.html"
    list_display = ["summary", "state", "age", "source", "tag_list", "end", "links", "source_incident_id"]
    list_filter = [OpenFilter, AckedFilter, StatefulFilter, StartFilter, SourceFilter, SourceTypeFilter]
    list_select_related = ["source"]
    ordering = ["-start_time", "-pk"]
    sortable_by = ["age"]
    # Shows the search box. The search itself is in ``search``.
    search_fields = ["description"]
    search_help_text = (
        "pk, ID at the source, key=value, or name of a source or source type exactly; other words, and quoted ones, "
        "in the newest 20 000 incidents that the filters leave."
    )

    class Media:
        css = {"all": ["argus_incident/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        relations = IncidentTagRelation.objects.select_related("tag").order_by("pk")
        incidents: Any = super().get_queryset(request)
        incidents = incidents.visible_to(get_actor(request)).select_related("source")
        return incidents.prefetch_related(Prefetch("tag_relations", relations))

    def search(self, request: HttpRequest, queryset: QuerySet[Incident], text: str) -> tuple[QuerySet[Incident], bool]:
        return search_incidents(queryset, text), False

    def get_fields(self, request: HttpRequest, obj: Incident | None = None) -> list[Any]:
        if obj is None:
            return [
                "source",
                "source_incident_id",
                "start_time",
                "end_time",
                "description",
                "details_url",
                "ticket_url",
            ]
        # Without permission to change it, the end is shown as in the list: Django cannot format infinity.
        changeable = CHANGEABLE if self.has_change_permission(request, obj) else ["end"]
        return ["source", "source_incident_id", "start", *changeable]

    def get_readonly_fields(self, request: HttpRequest, obj: Incident | None = None) -> list[Any]:
        return [name for name in self.get_fields(request, obj) if name not in CHANGEABLE] if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow superusers only: the form names the source of the incident."""
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    # Writing

    def save_model(self, request: HttpRequest, obj: Incident, form: Any, change: bool) -> None:
        """Do nothing: ``save_related`` writes the incident together with its tags."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        actor = get_actor(request)
        incident = form.instance
        added, removed = formsets[0].wanted() if formsets else ([], [])
        if change:
            self._correct(incident, {name: form.cleaned_data[name] for name in form.changed_data}, actor)
            if added or removed:
                services.change_tags(incident, actor=actor, added=added, removed=removed)
        else:
            incident.pk = creation.create_incident(actor=actor, tags=added, **form.cleaned_data).pk
        incident.refresh_from_db()

    def destroy(self, request: HttpRequest, obj: Incident) -> None:
        services.delete_incident(obj, actor=get_actor(request))

    @staticmethod
    def _correct(incident: Incident, changes: dict[str, Any], actor: User) -> None:
        if "end_time" in changes:
            services.change_end_time(incident, changes.pop("end_time"), actor=actor)
        if changes:
            services.update_incident(incident, actor=actor, **changes)

    # Pages

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Incident | None = None,
    ) -> Any:
        """Show what happened to the incident, and what can be done with it, above the form."""
        if obj is not None:
            entries, has_more = timeline_of(obj, request)
            may_change = self.has_change_permission(request, obj)
            context |= {
                "incident": obj,
                "facts": self.facts(obj),
                "action_forms": [form for form in ACTION_FORMS if form.fits(obj)] if may_change else [],
                "from_page": FROM_PAGE,
                "entries": entries,
                "has_more_entries": has_more,
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def facts(self, incident: Incident) -> dict[str, str]:
        """Return what the top of the page shows, by label."""
        facts = {
            "State": self.state(incident),
            "Age": self.age(incident),
            "End": self.end(incident) if incident.end_time and not incident.open else "",
            "Acknowledged until": format_time(incident.acked_until) if incident.acked else "",
            "Source": str(incident.source),
            "Details": self.details(incident),
            "Ticket": self.ticket(incident),
        }
        return {label: value for label, value in facts.items() if value}

    # Columns

    @admin.display(description="description")
    def summary(self, incident: Incident) -> str:
        return shorten(incident.description or incident.source_incident_id)

    @admin.display(description="state")
    def state(self, incident: Incident) -> str:
        return state_badges(incident)

    @admin.display(description="age", ordering="start_time")
    def age(self, incident: Incident) -> str:
        age, start = format_duration(timezone.now() - incident.start_time), format_time(incident.start_time)
        return format_html('{}<br><span class="quiet">{}</span>', age, start)

    @admin.display(description="start")
    def start(self, incident: Incident) -> str:
        return format_time(incident.start_time)

    @admin.display(description="end")
    def end(self, incident: Incident) -> str:
        return format_time(incident.end_time)

    @admin.display(description="tags")
    def tag_list(self, incident: Incident) -> str:
        texts = [str(relation.tag) for relation in incident.tag_relations.all()]
        shown = ", ".join(map(shorten, texts[:MAX_SHOWN_TAGS]))
        return shown + (", …" if len(texts) > MAX_SHOWN_TAGS else "")

    @admin.display(description="links")
    def links(self, incident: Incident) -> str:
        found = [self.details(incident, "details"), self.ticket(incident, "ticket")]
        return format_html_join(mark_safe("<br>"), "{}", ((link,) for link in found if link))

    @staticmethod
    def details(incident: Incident, text: str = "") -> str:
        return external_link(join_url(incident.source.base_url, incident.details_url), text)

    @staticmethod
    def ticket(incident: Incident, text: str = "") -> str:
        return external_link(incident.ticket_url, text)
