"""Filters and searches for lists of big tables, which answer within a second at a million rows.

PostgreSQL finds a word within a text only by reading every text (without an extension). Therefore words, and filters
without an index of their own, are tested on the newest rows that all other conditions leave.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

# The newest rows that are tested for a word.
MAX_SCANNED_ROWS = 20_000
# Rows with the word that are shown.
MAX_HITS = 2_000
# A search with more terms than this is taken as one sentence.
MAX_TERMS = 8

# Returns the condition that a row has the word; the first argument are the rows that are tested.
WordCondition = Callable[[QuerySet[Any], str], Q]


class ListFilter(admin.SimpleListFilter):
    """A filter that redirects to the unfiltered list when its parameter in the URL has an invalid value."""

    parameter_name: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.apply(queryset, value) if value else queryset

    def apply(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Return the rows with this value. Calls ``refuse`` for an invalid value."""
        raise NotImplementedError

    def refuse(self) -> NoReturn:
        """Raise the error that redirects to the unfiltered list."""
        raise IncorrectLookupParameters(f"{self.parameter_name} has no such value.")


class NewestRowsFilter(ListFilter):
    """A filter without an index: it is tested on the newest rows that the filters before it leave.

    ``only_beside`` names the parameters with which that is so; empty means always.
    """

    time_field = "pk"
    only_beside: frozenset[str] = frozenset()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        is_bounded = not self.only_beside or any(request.GET.get(name) for name in self.only_beside)
        return super().queryset(request, self.bounded(queryset) if self.value() and is_bounded else queryset)

    def bounded(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows on which the filter is tested."""
        return newest_rows(queryset, self.time_field)


def split_terms(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the terms of a search without their quotes, and whether they were quoted."""
    terms = list(smart_split(text))
    if len(terms) > MAX_TERMS:
        yield text, True
        return
    for term in terms:
        is_quoted = len(term) > 1 and term[0] in "\"'" and term[0] == term[-1]
        term = unescape_string_literal(term) if is_quoted else term
        if term:
            yield term, is_quoted


def search_newest(
    queryset: QuerySet[Any], words: list[str], condition: WordCondition, *, time_field: str = "pk"
) -> QuerySet[Any]:
    """Return those of the newest rows that have all the words. Two queries, unless there are no words."""
    if not words:
        return queryset
    rows = newest_rows(queryset.order_by().select_related(None).prefetch_related(None), time_field)
    found = rows
    for word in words:
        found = found.filter(condition(rows, word))
    order = ["-pk"] if time_field == "pk" else [f"-{time_field}", "-pk"]
    return queryset.filter(pk__in=list(found.order_by(*order).values_list("pk", flat=True)[:MAX_HITS]))


def newest_rows(queryset: QuerySet[Any], time_field: str) -> QuerySet[Any]:
    """Return the newest rows, as a condition on the time that an index serves. One short query."""
    times = queryset.order_by(f"-{time_field}").values_list(time_field, flat=True)
    last = list(times[MAX_SCANNED_ROWS - 1 : MAX_SCANNED_ROWS])
    return queryset.filter(**{f"{time_field}__gte": last[0]}) if last else queryset
