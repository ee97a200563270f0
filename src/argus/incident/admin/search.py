"""What the admin's lists of incidents, events and tags are searched and filtered by.

Exact terms are found among all rows, by an index: an incident's pk, its ID at the source, a tag ``key=value``, the
name of a source or of a source type. Other and quoted terms are words, which are looked for in the newest rows.
"""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from argus.adminkit.keys import is_valid_key
from argus.adminkit.search import MAX_HITS, ListFilter, NewestRowsFilter, search_newest, split_terms
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, IncidentTagRelation, SourceSystem, SourceSystemType, Tag
from argus.incident.tags import split_tag
from argus.util.errors import DomainError

MAX_CHOICES = 100
Choices = list[tuple[Any, str]]


class StateFilter(ListFilter):
    """``1`` or ``0``: a state of incidents, or its opposite, by the names of the methods of their queryset."""

    methods: tuple[str, str]
    labels: tuple[str, str]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [("1", self.labels[1]), ("0", self.labels[0])]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in {"0", "1"}:
            self.refuse()
        return getattr(queryset, self.methods[value == "1"])()


class OpenFilter(StateFilter):
    title, parameter_name = "state", "open"
    methods, labels = ("closed", "open"), ("Closed", "Open")


class AckedFilter(StateFilter):
    title, parameter_name = "acknowledgement", "acked"
    methods, labels = ("unacked", "acked"), ("Not acknowledged", "Acknowledged")


class StatefulFilter(StateFilter):
    title, parameter_name = "kind", "stateful"
    methods, labels = ("stateless", "stateful"), ("Stateless", "Stateful")


class StartFilter(ListFilter):
    """By the time of the start. Unlike Django's ``date_hierarchy``, it does not read the times of all incidents."""

    title, parameter_name = "start", "started"
    periods = {
        "1h": ("Last hour", timedelta(hours=1)),
        "24h": ("Last 24 hours", timedelta(hours=24)),
        "7d": ("Last 7 days", timedelta(days=7)),
        "30d": ("Last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(value, label) for value, (label, _) in self.periods.items()]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in self.periods:
            self.refuse()
        return queryset.filter(start_time__gte=timezone.now() - self.periods[value][1])


class SourceFilter(ListFilter):
    """By source. Offers the first sources by name; the search finds the others by name."""

    title = "source"
    parameter_name = "source__id__exact"
    column = "source_id"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(source.pk, str(source)) for source in SourceSystem.objects.all()[:MAX_CHOICES]]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not is_valid_key(SourceSystem._meta.pk, value):
            self.refuse()
        return queryset.filter(**{self.column: value})


class SourceTypeFilter(ListFilter):
    """By source type. The sources are looked up first, because the planner has statistics by source."""

    title = "source type"
    parameter_name = "source__type__name__exact"
    column = "source_id"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return [(name, name) for name in SourceSystemType.objects.values_list("name", flat=True)[:MAX_CHOICES]]

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        sources = SourceSystem.objects.filter(type=value).values_list("pk", flat=True)
        return queryset.filter(**{f"{self.column}__in": list(sources)})


# An event has no column for its source. So an index serves either the filter by source or the one by type.
EVENT_TYPE, EVENT_SOURCE = "type__exact", "incident__source__id__exact"
EVENT_SOURCE_TYPE = "incident__source__type__name__exact"


class OfIncident(NewestRowsFilter):
    """Mixin for filters of events by the source of their incident."""

    column = "incident__source_id"

    def bounded(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Look the source up for each event. With a join, PostgreSQL would begin with all incidents of the source."""
        self.column = "event_source"
        source = Incident.objects.filter(pk=OuterRef("incident_id")).values("source_id")
        return super().bounded(queryset).alias(event_source=Subquery(source))


class EventSourceFilter(OfIncident, SourceFilter):
    parameter_name = EVENT_SOURCE
    only_beside = frozenset({EVENT_TYPE, EVENT_SOURCE_TYPE})


class EventSourceTypeFilter(OfIncident, SourceTypeFilter):
    parameter_name = EVENT_SOURCE_TYPE
    only_beside = frozenset({EVENT_TYPE, EVENT_SOURCE})


class EventTypeFilter(ListFilter):
    title = "type"
    parameter_name = EVENT_TYPE

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return list(EventType.choices)

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in EventType.values:
            self.refuse()
        if value in {EventType.START, EventType.END}:
            # Half of all events. In this form PostgreSQL does not read the unique index of starts and ends.
            return queryset.exclude(type__in=set(EventType.values) - {value})
        return queryset.filter(type=value)


class IncidentFilter(ListFilter):
    """The events of one incident. The incident's page links to it; the list does not offer it."""

    title = "incident"
    parameter_name = "incident__id__exact"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        value = self.value()
        return [(value, f"Incident {value}")] if value else []

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not is_valid_key(Incident._meta.pk, value):
            self.refuse()
        return queryset.filter(incident_id=value)


def search_incidents(queryset: QuerySet[Incident], text: str) -> QuerySet[Incident]:
    """Return the incidents that match every term."""
    words = []
    for term, is_quoted in split_terms(text):
        condition = None if is_quoted else exact_incident_condition(term)
        if condition is None:
            words.append(term)
        else:
            queryset = queryset.filter(condition)
    return search_newest(queryset, words, incident_word_condition, time_field="start_time")


def exact_incident_condition(term: str) -> Q | None:
    """Return the condition by which an index finds the term, or ``None`` if it is not an exact one."""
    if (tag := find_tag(term)) is not None:
        relations = IncidentTagRelation.objects.filter(tag_id=tag)
        return Q(Exists(relations.filter(incident_id=OuterRef("pk"), start_time=OuterRef("start_time"))))
    # The unique index begins with the source. Given all sources, PostgreSQL searches it once for each.
    sources = list(SourceSystem.objects.values_list("pk", flat=True))
    known = Incident.objects.filter(source_id__in=sources, source_incident_id=term)
    pks = list(known.values_list("pk", flat=True)[:MAX_HITS])
    if term.isascii() and term.isdigit() and is_valid_key(Incident._meta.pk, term):
        pks += Incident.objects.filter(pk=term).values_list("pk", flat=True)
    if pks:
        return Q(pk__in=pks)
    named = SourceSystem.objects.filter(Q(name__iexact=term) | Q(type__name__iexact=term))
    sources = list(named.values_list("pk", flat=True))
    return Q(source_id__in=sources) if sources else None


def incident_word_condition(rows: QuerySet[Incident], word: str) -> Q:
    """Return the condition that an incident has the word in one of its texts.

    The tags are a query of their own over all the rows. Tested row by row, PostgreSQL may read the tags of every
    incident.
    """
    named = SourceSystem.objects.filter(Q(name__icontains=word) | Q(type__name__icontains=word))
    key, divider, value = word.partition("=")
    tagged = Q(tags__key=key, tags__value__icontains=value) if divider else Q(tags__value__icontains=word)
    return (
        Q(description__icontains=word)
        | Q(source_incident_id__icontains=word)
        | Q(source_id__in=list(named.values_list("pk", flat=True)))
        | Q(pk__in=rows.filter(tagged).values("pk"))
    )


def search_events(queryset: QuerySet[Any], text: str, *, event: str = "") -> QuerySet[Any]:
    """Return the events that match every term: pk of event or incident, actor's user name, words of the description.

    ``event`` is the lookup from a row to its event, for example ``"event__"``; the row has the event's primary key.
    """

    def has_word(rows: QuerySet[Any], word: str) -> Q:
        return Q(**{f"{event}description__icontains": word}) | Q(**{f"{event}actor__username__iexact": word})

    words = []
    for term, is_quoted in split_terms(text):
        if not is_quoted and term.isascii() and term.isdigit() and is_valid_key(Event._meta.pk, term):
            known = Event.objects.filter(Q(pk=term) | Q(incident_id=term)).values_list("pk", flat=True)
            queryset = queryset.filter(pk__in=list(known[:MAX_HITS]))
        else:
            words.append(term)
    return search_newest(queryset, words, has_word)


def search_tags(queryset: QuerySet[Tag], text: str) -> QuerySet[Tag]:
    """Return the tags that match: exactly ``key=value``, or words of key or value."""
    tag = find_tag(text)
    if tag is not None:
        return queryset.filter(pk=tag)
    return search_newest(queryset, [term for term, _ in split_terms(text)], tag_word_condition)


def tag_word_condition(rows: QuerySet[Tag], word: str) -> Q:
    """Return the condition that a tag has the word in its key or value."""
    key, divider, value = word.partition("=")
    return Q(key=key, value__icontains=value) if divider else Q(key__icontains=word) | Q(value__icontains=word)


def find_tag(term: str) -> int | None:
    """Return the primary key of the tag with the text ``key=value``."""
    try:
        digest = Tag.digest_of(*split_tag(term))
    except DomainError:
        return None
    return Tag.objects.filter(digest=digest).values_list("pk", flat=True).first()
