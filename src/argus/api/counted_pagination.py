"""Numbered pages of a bare array; how many rows there are and where the other pages are is said in headers."""

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

TOTAL_HEADER = "X-Result-Count"


class CountedPagination(PageNumberPagination):
    """``page`` counts from 1; one past the end, or none at all, is 404. A nonsensical ``page_size`` is the default."""

    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100
    last_page_strings = ()

    def get_paginated_response(self, data) -> Response:
        """Answer with the rows alone, ``X-Result-Count`` (of all pages) and ``Link``."""
        return Response(data, headers={TOTAL_HEADER: str(self.page.paginator.count), "Link": self.get_links()})

    def get_links(self) -> str:
        """Return the ``Link`` header: first and last always, the neighbours as far as there are any."""
        page, last = self.page.number, self.page.paginator.num_pages
        numbers = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
        return ", ".join(f'<{self.link_to(n)}>; rel="{rel}"' for rel, n in numbers.items() if 1 <= n <= last)

    def link_to(self, number: int) -> str:
        """Return the absolute URL of a page, all other parameters kept; the first page goes without its number."""
        url = self.request.build_absolute_uri()
        if number == 1:
            return remove_query_param(url, self.page_query_param)
        return replace_query_param(url, self.page_query_param, number)

    def get_paginated_response_schema(self, schema):
        return schema
