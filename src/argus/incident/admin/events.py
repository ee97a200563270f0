"""Pages of events and acknowledgements. They are written once: history is not changed."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.adminkit.display import moment, page_link, short
from argus.adminkit.fields import MomentField, PickyAutocompleteSelect
from argus.incident import services
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Event

from .filters import EventSourceFilter, EventSourceTypeFilter, EventTypeFilter, IncidentFilter
from .search import search_events


class EventForm(ServiceForm):
    """Something that the person at the keyboard does to an incident."""

    timestamp = MomentField(required=False, help_text="When it happened; nothing means now.")

    def clean_type(self):
        return EventType(self.cleaned_data["type"])


class EventLikeAdmin(ReadOnlyAdmin):
    """What the pages of events and of acknowledgements share."""

    ordering = ["-pk"]
    sortable_by = []


@admin.register(Event)
class EventAdmin(EventLikeAdmin):
    """All that ever happened, newest first as Argus was told."""

    form = EventForm
    list_display = ["pk", "type", "incident_page", "actor", "happened", "told", "short_description"]
    list_filter = [IncidentFilter, EventTypeFilter, EventSourceFilter, EventSourceTypeFilter]
    list_select_related = ["incident", "actor"]
    autocomplete_fields = ["incident"]
    search_fields = ["description"]
    search_help_text = (
        "pk of an incident or event; the actor's user name and other words among the newest 20 000 events. A source is "
        "looked for among the newest 20 000 of a type."
    )

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["incident", "type", "timestamp", "description"]
        return ["incident_page", "type", "actor", "happened", "told", "description"]

    def search(self, request, queryset, text):
        return search_events(queryset, text), False

    def create(self, request, form):
        data = dict(form.cleaned_data)
        return services.record_event(data.pop("incident"), data.pop("type"), actor=request.user, **data)

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="incident")
    def incident_page(self, event):
        return page_link(event.incident)

    @admin.display(description="timestamp")
    def happened(self, event):
        return moment(event.timestamp)

    @admin.display(description="received")
    def told(self, event):
        return moment(event.received)

    @admin.display(description="description")
    def short_description(self, event):
        return short(event.description)


class AckForm(ServiceForm):
    """An acknowledgement by the person at the keyboard."""

    incident = Event._meta.get_field("incident").formfield(
        widget=PickyAutocompleteSelect(Event._meta.get_field("incident"), admin.site)
    )
    timestamp = MomentField(required=False, help_text="When it was; nothing means now.")
    description = forms.CharField(required=False, widget=AdminTextareaWidget)


@admin.register(Acknowledgement)
class AcknowledgementAdmin(EventLikeAdmin):
    """Who took note of which incident, and until when that holds."""

    form = AckForm
    list_display = ["pk", "incident_page", "actor", "timestamp", "until", "short_description"]
    list_select_related = ["event__incident", "event__actor"]
    search_fields = ["event__description"]
    search_help_text = "pk of an incident or event; the actor's user name and other words among the newest 20 000."

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["incident", "timestamp", "description", "expiration"]
        return ["incident_page", "actor", "timestamp", "until", "description"]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj) if obj else []

    def search(self, request, queryset, text):
        return search_events(queryset, text, event="event__"), False

    def create(self, request, form):
        data = dict(form.cleaned_data)
        return services.acknowledge(data.pop("incident"), actor=request.user, **data)

    def destroy(self, request, obj):
        services.delete_acknowledgement(obj, actor=request.user)

    @admin.display(description="incident")
    def incident_page(self, ack):
        return page_link(ack.event.incident)

    @admin.display(description="actor")
    def actor(self, ack):
        return ack.event.actor

    @admin.display(description="timestamp")
    def timestamp(self, ack):
        return moment(ack.event.timestamp)

    @admin.display(description="until")
    def until(self, ack):
        return moment(ack.expiration) if ack.expiration else "for good"

    @admin.display(description="description")
    def description(self, ack):
        return ack.event.description

    @admin.display(description="description")
    def short_description(self, ack):
        return short(ack.event.description)
