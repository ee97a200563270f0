"""What the admin's lists are filtered by. Each filter names rows of a big table by an indexed column of its own."""

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import OuterRef, Subquery

from argus.adminkit.keys import is_key
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident, SourceSystem, SourceSystemType

from .search import newest

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


class Bounded:
    """Mixed into a filter that no index serves: it is tried on the newest rows that the filters before it leave.

    ``beside`` names the parameters beside which that is so; nothing means always.
    """

    time_field = "pk"
    beside: frozenset[str] = frozenset()

    def queryset(self, request, queryset):
        others = not self.beside or any(request.GET.get(name) for name in self.beside)
        return super().queryset(request, self.bounded(queryset) if self.value() and others else queryset)

    def bounded(self, queryset):
        """Narrow to the rows that this filter is to be tried on."""
        return newest(queryset, self.time_field)


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


# An event does not know its source. So either its incidents are followed or its type; no index joins the two.
EVENT_TYPE, EVENT_SOURCE = "type__exact", "incident__source__id__exact"
EVENT_SOURCE_TYPE = "incident__source__type__name__exact"


class OfEvents(Bounded):
    """Mixed into filters of events by what their incidents have."""

    column = "incident__source_id"

    def bounded(self, queryset):
        """Have the source looked up for each event: in a join, the database would begin with all of the source's."""
        self.column = "source_looked_up"
        source = Incident.objects.filter(pk=OuterRef("incident_id")).values("source_id")
        return super().bounded(queryset).alias(source_looked_up=Subquery(source))


class EventSourceFilter(OfEvents, SourceFilter):
    parameter_name = EVENT_SOURCE
    beside = frozenset({EVENT_TYPE, EVENT_SOURCE_TYPE})


class EventSourceTypeFilter(OfEvents, SourceTypeFilter):
    parameter_name = EVENT_SOURCE_TYPE
    beside = frozenset({EVENT_TYPE, EVENT_SOURCE})


class EventTypeFilter(ListFilter):
    title = "type"
    parameter_name = EVENT_TYPE

    def lookups(self, request, model_admin):
        return EventType.choices

    def narrow(self, queryset, value):
        if value not in EventType.values:
            self.refuse()
        if value in {EventType.START, EventType.END}:
            # Half of all events. Said like this, the index by which there is one of each is no way to find them.
            return queryset.exclude(type__in=set(EventType.values) - {value})
        return queryset.filter(type=value)


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
