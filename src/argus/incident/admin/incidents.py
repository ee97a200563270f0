"""Pages of incidents and of relations between them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from argus.adminkit.base import SafeAdmin, ServiceAdmin
from argus.adminkit.display import external_link, format_time, object_link, shorten
from argus.auth.models import User
from argus.auth.requests import get_actor
from argus.incident import services
from argus.incident.api.v1.serializers import MAX_TAGS
from argus.incident.details_url import join_url
from argus.incident.models import Incident, IncidentRelation, IncidentRelationType, IncidentTagRelation

from .forms import IncidentForm, TagForm, TagFormSet
from .search import (
    AckedFilter,
    OpenFilter,
    SourceFilter,
    SourceTypeFilter,
    StatefulFilter,
    search_incidents,
)

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
class IncidentAdmin(ServiceAdmin):
    """Incidents. Their end, URLs and tags can be corrected; everything else stays as the source posted it."""

    form = IncidentForm
    inlines = [TagInline]
    autocomplete_fields = ["source"]
    list_display = [
        "source_incident_id",
        "start",
        "end",
        "source",
        "tag_list",
        "short_description",
        "details",
        "ticket",
        "is_open",
        "is_shown",
    ]
    list_filter = [StatefulFilter, OpenFilter, AckedFilter, SourceFilter, SourceTypeFilter]
    list_select_related = ["source"]
    ordering = ["-start_time", "-pk"]
    sortable_by = ["start"]
    # Shows the search box. The search itself is in ``search``.
    search_fields = ["description"]
    search_help_text = (
        "pk, ID at the source, key=value, or name of a source or source type exactly; other words, and quoted ones, "
        "in the newest 20 000 incidents that the filters leave."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        relations = IncidentTagRelation.objects.select_related("tag").order_by("pk")
        incidents = super().get_queryset(request).select_related("source")
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
        written_once = ["source", "source_incident_id", "start", "description"]
        return [*written_once, *changeable, "details", "ticket", "is_open", "acked_until_time", "history"]

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
            incident.pk = services.create_incident(actor=actor, tags=added, **form.cleaned_data).pk
        incident.refresh_from_db()

    def destroy(self, request: HttpRequest, obj: Incident) -> None:
        services.delete_incident(obj, actor=get_actor(request))

    @staticmethod
    def _correct(incident: Incident, changes: dict[str, Any], actor: User) -> None:
        if "end_time" in changes:
            services.change_end_time(incident, changes.pop("end_time"), actor=actor)
        if changes:
            services.update_incident(incident, actor=actor, **changes)

    # Columns

    @admin.display(description="start", ordering="start_time")
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

    @admin.display(description="description")
    def short_description(self, incident: Incident) -> str:
        return shorten(incident.description)

    @admin.display(description="details")
    def details(self, incident: Incident) -> str:
        return external_link(join_url(incident.source.base_url, incident.details_url))

    @admin.display(description="ticket")
    def ticket(self, incident: Incident) -> str:
        return external_link(incident.ticket_url)

    @admin.display(description="open", boolean=True)
    def is_open(self, incident: Incident) -> bool:
        return incident.open

    @admin.display(description="shown", boolean=True)
    def is_shown(self, incident: Incident) -> bool:
        """Return whether frontends show the incident by default: it is open and not acknowledged."""
        return incident.open and not incident.acked

    @admin.display(description="acked until")
    def acked_until_time(self, incident: Incident) -> str:
        return format_time(incident.acked_until)

    @admin.display(description="events")
    def history(self, incident: Incident) -> str:
        url = reverse("admin:argus_incident_event_changelist")
        return format_html('<a href="{}?incident__id__exact={}">Events of this incident</a>', url, incident.pk)


@admin.register(IncidentRelationType)
class IncidentRelationTypeAdmin(SafeAdmin):
    """Types of relations between incidents, such as "caused by"."""

    search_fields = ["name"]


class RelationForm(ModelForm):
    """A relation between two different incidents."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("incident1") is not None and data["incident1"] == data.get("incident2"):
            raise ValidationError("An incident cannot be related to itself.")
        return data


@admin.register(IncidentRelation)
class IncidentRelationAdmin(SafeAdmin):
    """Relations between incidents. They exist in the admin only."""

    form = RelationForm
    autocomplete_fields = ["incident1", "incident2"]
    list_display = ["pk", "first", "type", "second", "description"]
    list_filter = ["type"]
    list_select_related = ["type", "incident1", "incident2"]
    ordering = ["-pk"]
    sortable_by = ()

    @admin.display(description="incident")
    def first(self, relation: IncidentRelation) -> str:
        return object_link(relation.incident1)

    @admin.display(description="incident")
    def second(self, relation: IncidentRelation) -> str:
        return object_link(relation.incident2)
