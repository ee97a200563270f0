"""Admin lists that stay fast on large tables."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """Pages over the first 10 000 rows; further rows are found by filters and searches.

    Counting all rows of a large table, or skipping most of them, takes too long.
    """

    object_list: Any
    max_rows = 10_000
    is_cut = False

    @cached_property
    def count(self) -> int:
        found = self.object_list.order_by()[: self.max_rows + 1].count()
        self.is_cut = found > self.max_rows
        return min(found, self.max_rows)


class StrictChangeList(ChangeList):
    """A list that takes only the filters and orders that it offers.

    Django would take any field and lookup of the model (``?description__regex=...``), and sort by any column.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        if any("\x00" in value for name in request.GET if name != SEARCH_VAR for value in request.GET.getlist(name)):
            raise IncorrectLookupParameters("NUL")
        found = super().get_filters(request)
        if found[2]:
            raise IncorrectLookupParameters(f"Unknown filters: {sorted(found[2])}.")
        return found

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)
