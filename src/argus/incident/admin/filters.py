"""What the admin's lists are filtered by. Each filter names rows of a big table by an indexed column of its own."""

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters

from argus.auth.admin.keys import is_key
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident, SourceSystem, SourceSystemType

MOST_CHOICES = 100


class ListFilter(admin.SimpleListFilter):
    """A filter that sends one back to the whole list when the address asks for what cannot be."""

    def queryset(self, request, queryset):
        value = self.value()
        if value in {None, ""}:
            return queryset
        return self.narrow(queryset, value)

    def narrow(self, queryset, value: str):
        raise NotImplementedError

    def refuse(self):
        raise IncorrectLookupParameters(f"{self.parameter_name} has no such value.")


class StateFilter(ListFilter):
    """``1`` or ``0``: in that state, or in its opposite. The words are those of the incidents' queryset."""

    words: tuple[str, str]

    def lookups(self, request, model_admin):
        return [("1", "Yes"), ("0", "No")]

    def narrow(self, queryset, value):
        if value not in {"0", "1"}:
            self.refuse()
        return getattr(queryset, self.words[value == "1"])()


class StatefulFilter(StateFilter):
    title = parameter_name = "stateful"
    words = ("stateless", "stateful")


class OpenFilter(StateFilter):
    title = parameter_name = "open"
    words = ("closed", "open")


class AckedFilter(StateFilter):
    title = parameter_name = "acked"
    words = ("unacked", "acked")


class SourceFilter(ListFilter):
    """Offers the first sources by name; the others are found by typing their name into the search."""

    title = "source"
    parameter_name = "source__id__exact"
    column = "source_id"

    def lookups(self, request, model_admin):
        return [(source.pk, str(source)) for source in SourceSystem.objects.all()[:MOST_CHOICES]]

    def narrow(self, queryset, value):
        if not is_key(SourceSystem._meta.pk, value):
            self.refuse()
        return queryset.filter(**{self.column: value})


class SourceTypeFilter(ListFilter):
    """All sources of a type. They are looked up first: the database plans better when it sees the few it is about."""

    title = "source type"
    parameter_name = "source__type__name__exact"
    column = "source_id"

    def lookups(self, request, model_admin):
        return [(name, name) for name in SourceSystemType.objects.values_list("name", flat=True)[:MOST_CHOICES]]

    def narrow(self, queryset, value):
        sources = SourceSystem.objects.filter(type=value).values_list("pk", flat=True)
        return queryset.filter(**{f"{self.column}__in": list(sources)})


class EventSourceFilter(SourceFilter):
    parameter_name = "incident__source__id__exact"
    column = "incident__source_id"


class EventSourceTypeFilter(SourceTypeFilter):
    parameter_name = "incident__source__type__name__exact"
    column = "incident__source_id"


class EventTypeFilter(ListFilter):
    title = "type"
    parameter_name = "type__exact"

    def lookups(self, request, model_admin):
        return EventType.choices

    def narrow(self, queryset, value):
        return queryset.filter(type=value) if value in EventType.values else self.refuse()


class IncidentFilter(ListFilter):
    """The events of one incident; offered by that incident's page, not by the list."""

    title = "incident"
    parameter_name = "incident__id__exact"

    def lookups(self, request, model_admin):
        value = self.value()
        return [(value, f"Incident {value}")] if value else []

    def narrow(self, queryset, value):
        if not is_key(Incident._meta.pk, value):
            self.refuse()
        return queryset.filter(incident_id=value)
