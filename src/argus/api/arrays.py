"""Lists as bare JSON arrays: limited, and streamed in chunks to limit the memory."""

import logging
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from argus.util.json import dumps

from .counted_pagination import TOTAL_HEADER
from .pagination import Cursor, KeysetPagination, Page, read_page

MAX_ROWS = 10_000
ROWS_PER_CHUNK = 500

log = logging.getLogger(__name__)


class BoundedArray(BasePagination):
    """The first ``MAX_ROWS`` rows as a bare array, for rows that users create by hand.

    If there are more, the header ``X-Result-Count`` has their number, and a warning is logged.
    """

    headers: dict[str, str] = {}

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list:
        rows = list(queryset[: MAX_ROWS + 1])
        if len(rows) > MAX_ROWS:
            self.headers = {TOTAL_HEADER: str(queryset.count())}
            warn_of_cut_list(str(queryset.model._meta.verbose_name_plural))
        return rows[:MAX_ROWS]

    def get_paginated_response(self, data: Any) -> Response:
        return Response(data, headers=self.headers)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema


@cache
def warn_of_cut_list(name: str) -> None:
    """Log, once in each process, that there are more rows than a list shows."""
    log.warning("There are more %s than the %s that a list shows.", name, MAX_ROWS)


def array_response(
    request: Request, queryset: QuerySet, *, time_field: str, represent: Callable[[list], list]
) -> HttpResponseBase:
    """Return the newest ``MAX_ROWS`` rows as a bare array, or one page if the query asks for it.

    ``represent`` turns a chunk of rows into plain data. If there are more rows, the header ``Link`` with
    ``rel="next"`` has the URL of the page that follows.
    """
    paginator = KeysetPagination()
    paginator.time_field = time_field
    if {"cursor", "page_size"} & request.query_params.keys():
        rows = paginator.paginate_queryset(queryset, request)
        return Response(paginator.get_envelope(represent(rows)))
    first = read_page(queryset, time_field=time_field, size=ROWS_PER_CHUNK)
    if first.older is None or request.accepted_renderer.format != "json":
        return Response(represent(first.rows))
    edge = find_edge(queryset, time_field)
    return StreamingHttpResponse(
        stream(queryset, first, time_field=time_field, represent=represent),
        content_type="application/json",
        headers={"Link": f'<{paginator.link_from(request, edge)}>; rel="next"'} if edge else {},
    )


def find_edge(queryset: QuerySet, time_field: str) -> Cursor | None:
    """Return the cursor after the last row of the array, or ``None`` if there are no further rows."""
    rows = queryset.order_by(f"-{time_field}", "-pk").values_list(time_field, "pk")[MAX_ROWS - 1 : MAX_ROWS + 1]
    return Cursor(*rows[0]) if len(rows) == 2 else None


def stream(queryset: QuerySet, page: Page, *, time_field: str, represent: Callable[[list], list]) -> Iterator[bytes]:
    """Yield a JSON array in chunks. Each chunk is a query of its own, so no database cursor is held open."""
    yield b"[" + dumps(represent(page.rows))[1:-1]
    for _ in range(ROWS_PER_CHUNK, MAX_ROWS, ROWS_PER_CHUNK):
        if page.older is None:
            break
        page = read_page(queryset, time_field=time_field, size=ROWS_PER_CHUNK, cursor=page.older)
        if page.rows:
            yield b"," + dumps(represent(page.rows))[1:-1]
    yield b"]"
