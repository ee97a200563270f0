"""The page of incidents."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from argus.adminkit.base import ServiceAdmin
from argus.adminkit.display import link, moment, short
from argus.incident import services
from argus.incident.api.v1.serializers import MAX_TAGS
from argus.incident.details_url import joined_url
from argus.incident.models import Incident, IncidentTagRelation
from argus.incident.queries import read_tag_texts

from .filters import AckedFilter, OpenFilter, SourceFilter, SourceTypeFilter, StatefulFilter
from .forms import IncidentForm, TagForm, TagFormSet
from .search import search_incidents

CHANGEABLE = ["end_time", "details_url", "ticket_url"]
MOST_TAGS_SHOWN = 10


class TagInline(admin.TabularInline):
    """The tags of an incident. Who may change the incident may change its tags; the service knows the exceptions."""

    model = IncidentTagRelation
    form = TagForm
    formset = TagFormSet
    fields = ["text", "added_by", "added_time"]
    readonly_fields = ["added_by", "added_time"]
    verbose_name = "tag"
    verbose_name_plural = "tags"
    extra = 1
    max_num = MAX_TAGS

    def get_formset(self, request, obj=None, **kwargs):
        return super().get_formset(request, obj, absolute_max=MAX_TAGS + self.extra, **kwargs)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("tag", "added_by").order_by("pk")

    def has_add_permission(self, request, obj):
        return self._may("change", request) or obj is None

    def has_change_permission(self, request, obj=None):
        return self._may("change", request)

    def has_delete_permission(self, request, obj=None):
        return self._may("change", request)

    def has_view_permission(self, request, obj=None):
        return self._may("view", request) or self._may("change", request)

    @staticmethod
    def _may(act: str, request) -> bool:
        return request.user.has_perm(f"argus_incident.{act}_incident")


@admin.register(Incident)
class IncidentAdmin(ServiceAdmin):
    """Incidents. What a source has said of one stays as it is; its end, its links and its tags can be corrected."""

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
    # That there is something to search by; how it is done is in get_search_results.
    search_fields = ["description"]
    search_help_text = (
        "pk, the source's id, key=value or the name of a source or type; other words, and those in quotes, "
        "are looked for in the newest 20 000 of what the filters leave."
    )

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source")

    def get_changelist_instance(self, request):
        """Show the list, with the tags of all its incidents read by one query, as texts: they are not to be changed."""
        changelist = super().get_changelist_instance(request)
        incidents = list(changelist.result_list)
        texts = read_tag_texts([incident.pk for incident in incidents])
        for incident in incidents:
            incident.tag_texts = texts[incident.pk]
        changelist.result_list = incidents
        return changelist

    def search(self, request, queryset, text):
        return search_incidents(queryset, text), False

    def get_fields(self, request, obj=None):
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
        # Who may only look sees the end as the list shows it: Django cannot show infinity.
        changeable = CHANGEABLE if self.has_change_permission(request, obj) else ["end"]
        written_once = ["source", "source_incident_id", "start", "description"]
        return [*written_once, *changeable, "details", "ticket", "is_open", "acked_until_then", "history"]

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.get_fields(request, obj) if name not in CHANGEABLE] if obj else []

    def has_add_permission(self, request):
        """Let superusers say which source an incident is from, as everywhere else."""
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser

    # Writing

    def save_model(self, request, obj, form, change):
        """Leave it to ``save_related``: an incident is written together with its tags."""

    def save_related(self, request, form, formsets, change):
        incident = form.instance
        added, removed = formsets[0].wanted() if formsets else ([], [])
        if change:
            self._correct(incident, {name: form.cleaned_data[name] for name in form.changed_data}, request.user)
            if added or removed:
                services.change_tags(incident, actor=request.user, added=added, removed=removed)
        else:
            incident.pk = services.create_incident(actor=request.user, tags=added, **form.cleaned_data).pk
        incident.refresh_from_db()

    def destroy(self, request, obj):
        services.delete_incident(obj, actor=request.user)

    @staticmethod
    def _correct(incident, changes: dict, actor) -> None:
        if "end_time" in changes:
            services.change_end_time(incident, changes.pop("end_time"), actor=actor)
        if changes:
            services.update_incident(incident, actor=actor, **changes)

    # Columns

    @admin.display(description="start", ordering="start_time")
    def start(self, incident):
        return moment(incident.start_time)

    @admin.display(description="end")
    def end(self, incident):
        return moment(incident.end_time)

    @admin.display(description="tags")
    def tag_list(self, incident):
        shown = ", ".join(map(short, incident.tag_texts[:MOST_TAGS_SHOWN]))
        return shown + (", …" if len(incident.tag_texts) > MOST_TAGS_SHOWN else "")

    @admin.display(description="description")
    def short_description(self, incident):
        return short(incident.description)

    @admin.display(description="details")
    def details(self, incident):
        return link(joined_url(incident.source.base_url, incident.details_url)) if incident.details_url else ""

    @admin.display(description="ticket")
    def ticket(self, incident):
        return link(incident.ticket_url)

    @admin.display(description="open", boolean=True)
    def is_open(self, incident):
        return incident.open

    @admin.display(description="shown", boolean=True)
    def is_shown(self, incident):
        """Open and not acked: what those on duty look at."""
        return incident.open and not incident.acked

    @admin.display(description="acked until")
    def acked_until_then(self, incident):
        return moment(incident.acked_until)

    @admin.display(description="events")
    def history(self, incident):
        url = reverse("admin:argus_incident_event_changelist")
        return format_html('<a href="{}?incident__id__exact={}">What happened to it</a>', url, incident.pk)
