"""Pages of events and acknowledgements. They can be added, but not changed: history stays as it is."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.http import HttpRequest

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.adminkit.display import format_time, object_link, shorten
from argus.adminkit.fields import BoundedDateTimeField, StrictAutocompleteSelect
from argus.auth.models import User
from argus.auth.requests import get_actor
from argus.incident import services
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Event

from .search import EventSourceFilter, EventSourceTypeFilter, EventTypeFilter, IncidentFilter, search_events


class EventForm(ServiceForm):
    """An event by the user who is logged in."""

    timestamp = BoundedDateTimeField(required=False, help_text="When it happened. Empty: now.")

    def clean_type(self) -> EventType:
        return EventType(self.cleaned_data["type"])


class EventLikeAdmin(ReadOnlyAdmin):
    """Base class of the pages of events and of acknowledgements."""

    ordering = ["-pk"]
    sortable_by = ()


@admin.register(Event)
class EventAdmin(EventLikeAdmin):
    """All events, in the order in which Argus received them, newest first."""

    form = EventForm
    list_display = ["pk", "type", "incident_page", "actor", "happened", "received_time", "short_description"]
    list_filter = [IncidentFilter, EventTypeFilter, EventSourceFilter, EventSourceTypeFilter]
    list_select_related = ["incident", "actor"]
    autocomplete_fields = ["incident"]
    search_fields = ["description"]
    search_help_text = (
        "pk of an incident or event exactly; the actor's user name and other words in the newest 20 000 events. "
        "Together with a type, a source is looked for in the newest 20 000 events of that type."
    )

    def get_fields(self, request: HttpRequest, obj: Event | None = None) -> list[Any]:
        if obj is None:
            return ["incident", "type", "timestamp", "description"]
        return ["incident_page", "type", "actor", "happened", "received_time", "description"]

    def search(self, request: HttpRequest, queryset: QuerySet[Event], text: str) -> tuple[QuerySet[Event], bool]:
        return search_events(queryset, text), False

    def create(self, request: HttpRequest, form: Any) -> Event:
        values = dict(form.cleaned_data)
        return services.record_event(values.pop("incident"), values.pop("type"), actor=get_actor(request), **values)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="incident")
    def incident_page(self, event: Event) -> str:
        return object_link(event.incident)

    @admin.display(description="timestamp")
    def happened(self, event: Event) -> str:
        return format_time(event.timestamp)

    @admin.display(description="received")
    def received_time(self, event: Event) -> str:
        return format_time(event.received)

    @admin.display(description="description")
    def short_description(self, event: Event) -> str:
        return shorten(event.description)


class AckForm(ServiceForm):
    """An acknowledgement by the user who is logged in."""

    incident = Event._meta.get_field("incident").formfield(
        widget=StrictAutocompleteSelect(Event._meta.get_field("incident"), admin.site)
    )
    timestamp = BoundedDateTimeField(required=False, help_text="When it happened. Empty: now.")
    description = forms.CharField(required=False, widget=AdminTextareaWidget({"rows": 4}))

    class Meta:
        model = Acknowledgement
        fields: list[str] = []
        help_texts = {"expiration": "Empty: the acknowledgement does not expire."}


@admin.register(Acknowledgement)
class AcknowledgementAdmin(EventLikeAdmin):
    """Acknowledgements: who acknowledged which incident, and when that expires."""

    form = AckForm
    list_display = ["pk", "incident_page", "actor", "timestamp", "until", "short_description"]
    list_select_related = ["event__incident", "event__actor"]
    search_fields = ["event__description"]
    search_help_text = "pk of an incident or event exactly; the actor's user name and other words in the newest 20 000."

    def get_fields(self, request: HttpRequest, obj: Acknowledgement | None = None) -> list[Any]:
        if obj is None:
            return ["incident", "timestamp", "description", "expiration"]
        return ["incident_page", "actor", "timestamp", "until", "description"]

    def get_readonly_fields(self, request: HttpRequest, obj: Acknowledgement | None = None) -> list[Any]:
        return self.get_fields(request, obj) if obj else []

    def search(
        self, request: HttpRequest, queryset: QuerySet[Acknowledgement], text: str
    ) -> tuple[QuerySet[Acknowledgement], bool]:
        return search_events(queryset, text, event="event__"), False

    def create(self, request: HttpRequest, form: Any) -> Acknowledgement:
        values = dict(form.cleaned_data)
        return services.acknowledge(values.pop("incident"), actor=get_actor(request), **values)

    def destroy(self, request: HttpRequest, obj: Acknowledgement) -> None:
        services.delete_acknowledgement(obj, actor=get_actor(request))

    @admin.display(description="incident")
    def incident_page(self, ack: Acknowledgement) -> str:
        return object_link(ack.event.incident)

    @admin.display(description="actor")
    def actor(self, ack: Acknowledgement) -> User:
        return ack.event.actor

    @admin.display(description="timestamp")
    def timestamp(self, ack: Acknowledgement) -> str:
        return format_time(ack.event.timestamp)

    @admin.display(description="until")
    def until(self, ack: Acknowledgement) -> str:
        return format_time(ack.expiration) if ack.expiration else "no expiration"

    @admin.display(description="description")
    def description(self, ack: Acknowledgement) -> str:
        return ack.event.description

    @admin.display(description="description")
    def short_description(self, ack: Acknowledgement) -> str:
        return shorten(ack.event.description)
