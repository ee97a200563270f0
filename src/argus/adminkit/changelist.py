"""Lists of rows that stay quick however long they are."""

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """Pages over the first 10 000 rows. What lies beyond is found by filters and searches, not by leafing.

    Counting all rows of a big table, and skipping most of them, takes longer than anybody waits.
    """

    most = 10_000
    is_cut = False

    @cached_property
    def count(self) -> int:
        found = self.object_list.order_by()[: self.most + 1].count()
        self.is_cut = found > self.most
        return min(found, self.most)


class StrictChangeList(ChangeList):
    """A list that is filtered and sorted by what it offers and by nothing else an address may say.

    Django would take any field and lookup of the model (``?description__regex=...``), and sort by any column.
    """

    def get_filters(self, request):
        if any("\x00" in value for name in request.GET if name != SEARCH_VAR for value in request.GET.getlist(name)):
            raise IncorrectLookupParameters("NUL")
        found = super().get_filters(request)
        if found[2]:
            raise IncorrectLookupParameters(f"No filter knows {sorted(found[2])}.")
        return found

    def get_ordering_field(self, field_name):
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)
