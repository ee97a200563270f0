"""Numbered pages as bare arrays, with the total number and the links to other pages in headers."""

from typing import Any

from django.core.paginator import Page
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

TOTAL_HEADER = "X-Result-Count"
# Longer headers, which a very long query would cause, are refused by proxies and clients. They are left out.
MAX_LINK_LENGTH = 16_000


class CountedPagination(PageNumberPagination):
    """``page`` counts from 1; an invalid page is 404. An invalid ``page_size`` is replaced by the default."""

    page: Page
    request: Request
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100
    last_page_strings = ()

    def get_paginated_response(self, data: Any) -> Response:
        """Return the rows with the headers ``X-Result-Count`` (of all pages) and ``Link``."""
        headers, links = {TOTAL_HEADER: str(self.page.paginator.count)}, self.get_links()
        return Response(data, headers=headers if len(links) > MAX_LINK_LENGTH else {**headers, "Link": links})

    def get_links(self) -> str:
        """Return the header ``Link``: the first and the last page, and the adjacent pages that exist."""
        page, last = self.page.number, self.page.paginator.num_pages
        numbers = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
        return ", ".join(f'<{self.link_to(n)}>; rel="{rel}"' for rel, n in numbers.items() if 1 <= n <= last)

    def link_to(self, number: int) -> str:
        """Return the absolute URL of a page with all other parameters. The URL of the first page has no number."""
        url = self.request.build_absolute_uri()
        if number == 1:
            return remove_query_param(url, self.page_query_param)
        return replace_query_param(url, self.page_query_param, number)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema
