"""Searching big tables from the admin, within a second at a million incidents.

Without an extension, PostgreSQL can only find a word in the middle of a text by reading every text. So a search has
two parts. What is exact is found everywhere, by an index: an incident's pk, the id its source knows it by, a tag
``key=value``, the full name of a source or of a type. Any other term, and any in quotes, is a word that is looked
for in descriptions, ids, tags and names, but only among the newest rows that filters and exact terms leave.
"""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.text import smart_split, unescape_string_literal

from argus.adminkit.keys import is_key
from argus.incident.models import Event, Incident, IncidentTagRelation, SourceSystem, Tag
from argus.incident.tags import split_tag
from argus.util.errors import DomainError

# How many rows are read for a word, and how many of those that have it are shown.
WINDOW = 20_000
MOST_HITS = 2_000
# More terms than this are taken as one sentence.
MOST_TERMS = 8


def search_incidents(queryset: QuerySet, text: str) -> QuerySet:
    """Narrow a queryset of incidents to those that every term is about."""
    words = []
    for term, is_quoted in terms_of(text):
        condition = None if is_quoted else exact_incidents(term)
        if condition is None:
            words.append(term)
        else:
            queryset = queryset.filter(condition)
    return hits(queryset, [(incident_mentions, word) for word in words], "start_time")


def exact_incidents(term: str) -> Q | None:
    """Return the condition by which an index finds the term, or ``None`` if it is nothing exact."""
    if (tag := find_tag(term)) is not None:
        return have_tag(tag)
    # The unique index begins with the source; given all of them, the database looks under each.
    sources = list(SourceSystem.objects.values_list("pk", flat=True))
    known = Incident.objects.filter(source_id__in=sources, source_incident_id=term)
    ids = list(known.values_list("pk", flat=True)[:MOST_HITS])
    if term.isascii() and term.isdigit() and is_key(Incident._meta.pk, term):
        ids += Incident.objects.filter(pk=term).values_list("pk", flat=True)
    if ids:
        return Q(pk__in=ids)
    named = SourceSystem.objects.filter(Q(name__iexact=term) | Q(type__name__iexact=term))
    sources = list(named.values_list("pk", flat=True))
    return Q(source_id__in=sources) if sources else None


def have_tag(tag: int) -> Q:
    """Return the condition that an incident has the tag."""
    relations = IncidentTagRelation.objects.filter(tag_id=tag)
    return Q(Exists(relations.filter(incident_id=OuterRef("pk"), start_time=OuterRef("start_time"))))


def incident_mentions(window: QuerySet, word: str) -> Q:
    """Return the condition that an incident of the window has the word in any of its parts.

    The tags are asked for apart, for the whole window at once: asked for row by row, the database may decide to
    read the tags of all incidents there are.
    """
    named = SourceSystem.objects.filter(Q(name__icontains=word) | Q(type__name__icontains=word))
    key, divider, value = word.partition("=")
    tagged = Q(tags__key=key, tags__value__icontains=value) if divider else Q(tags__value__icontains=word)
    return (
        Q(description__icontains=word)
        | Q(source_incident_id__icontains=word)
        | Q(source_id__in=list(named.values_list("pk", flat=True)))
        | Q(pk__in=window.filter(tagged).values("pk"))
    )


def search_events(queryset: QuerySet, text: str, *, event: str = "") -> QuerySet:
    """Narrow a queryset of events: by pk of event or incident, actor's user name, or words of the description.

    Rows whose key is an event's are searched likewise; ``event`` is the lookup that leads to it, ``"event__"``.
    """

    def mentions(window: QuerySet, word: str) -> Q:
        return Q(**{f"{event}description__icontains": word}) | Q(**{f"{event}actor__username__iexact": word})

    words = []
    for term, is_quoted in terms_of(text):
        if not is_quoted and term.isascii() and term.isdigit() and is_key(Event._meta.pk, term):
            known = Event.objects.filter(Q(pk=term) | Q(incident_id=term)).values_list("pk", flat=True)
            queryset = queryset.filter(pk__in=list(known[:MOST_HITS]))
        else:
            words.append((mentions, term))
    return hits(queryset, words, "pk")


def search_tags(queryset: QuerySet, text: str) -> QuerySet:
    """Narrow a queryset of tags: ``key=value`` exactly, else words of key or value."""
    tag = find_tag(text)
    if tag is not None:
        return queryset.filter(pk=tag)
    return hits(queryset, [(tag_mentions, term) for term, _ in terms_of(text)], "pk")


def tag_mentions(window: QuerySet, word: str) -> Q:
    key, divider, value = word.partition("=")
    return Q(key=key, value__icontains=value) if divider else Q(key__icontains=word) | Q(value__icontains=word)


def find_tag(term: str) -> int | None:
    """Return the primary key of the tag that the term, ``key=value``, spells."""
    try:
        digest = Tag.digest_of(*split_tag(term))
    except DomainError:
        return None
    return Tag.objects.filter(digest=digest).values_list("pk", flat=True).first()


def terms_of(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the terms of a search, without the quotes, and whether they had any."""
    terms = list(smart_split(text))
    if len(terms) > MOST_TERMS:
        yield text, True
        return
    for term in terms:
        is_quoted = len(term) > 1 and term[0] in "\"'" and term[0] == term[-1]
        term = unescape_string_literal(term) if is_quoted else term
        if term:
            yield term, is_quoted


def hits(queryset: QuerySet, words: list, time_field: str) -> QuerySet:
    """Narrow the queryset to those of its newest rows that have all the words. The reading is done here, once.

    ``words`` are pairs: what makes the condition, and the word.
    """
    if not words:
        return queryset
    window = newest(queryset.order_by().select_related(None).prefetch_related(None), time_field)
    found = window
    for condition, word in words:
        found = found.filter(condition(window, word))
    newest_first = found.order_by(f"-{time_field}", "-pk") if time_field != "pk" else found.order_by("-pk")
    return queryset.filter(pk__in=list(newest_first.values_list("pk", flat=True)[:MOST_HITS]))


def newest(queryset: QuerySet, time_field: str) -> QuerySet:
    """Narrow the queryset to its newest rows, so that an index on the time finds them. One quick query."""
    times = queryset.order_by(f"-{time_field}").values_list(time_field, flat=True)
    last = list(times[WINDOW - 1 : WINDOW])
    return queryset.filter(**{f"{time_field}__gte": last[0]}) if last else queryset
