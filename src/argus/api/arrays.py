"""Bare-array lists: bounded, and streamed, so that only a chunk is ever in memory (contract, "Bounded answers")."""

import logging
from collections.abc import Callable, Iterator
from functools import cache

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from argus.util.json import dumps

from .counted_pagination import TOTAL_HEADER
from .pagination import Cursor, KeysetPagination, Page, read_page

MAX_ROWS = 10_000
ROWS_PER_CHUNK = 500

log = logging.getLogger(__name__)


class BoundedArray(BasePagination):
    """The first ``MAX_ROWS`` rows as a bare array: for what people make by hand, of which nobody should have more.

    If there are more, ``X-Result-Count`` says how many, and the log that there are.
    """

    headers: dict[str, str] = {}

    def paginate_queryset(self, queryset, request, view=None):
        rows = list(queryset[: MAX_ROWS + 1])
        if len(rows) > MAX_ROWS:
            self.headers = {TOTAL_HEADER: str(queryset.count())}
            warn_of_cut_list(str(queryset.model._meta.verbose_name_plural))
        return rows[:MAX_ROWS]

    def get_paginated_response(self, data) -> Response:
        return Response(data, headers=self.headers)

    def get_paginated_response_schema(self, schema):
        return schema


@cache
def warn_of_cut_list(what: str) -> None:
    """Write into the log, once in the life of the process, that there are more rows than are ever listed."""
    log.warning("There are more %s than the %s that a list shows.", what, MAX_ROWS)


def array_response(request, queryset: QuerySet, *, time_field: str, represent: Callable[[list], list]):
    """Answer with the newest ``MAX_ROWS`` rows of the queryset as a bare array, or with one page if one was asked for.

    ``represent`` turns rows into plain data, a chunk at a time. When there are more rows than may be answered, a
    ``Link`` header with ``rel="next"`` names the page that goes on from there.
    """
    paginator = KeysetPagination()
    paginator.time_field = time_field
    if {"cursor", "page_size"} & request.query_params.keys():
        rows = paginator.paginate_queryset(queryset, request)
        return Response(paginator.get_envelope(represent(rows)))
    first = read_page(queryset, time_field=time_field, size=ROWS_PER_CHUNK)
    if first.older is None or request.accepted_renderer.format != "json":
        return Response(represent(first.rows))
    edge = edge_of(queryset, time_field)
    return StreamingHttpResponse(
        stream(queryset, first, time_field=time_field, represent=represent),
        content_type="application/json",
        headers={"Link": f'<{paginator.link_from(request, edge)}>; rel="next"'} if edge else {},
    )


def edge_of(queryset: QuerySet, time_field: str) -> Cursor | None:
    """Return the place behind the last row that may be answered, if there are rows beyond it."""
    rows = queryset.order_by(f"-{time_field}", "-pk").values_list(time_field, "pk")[MAX_ROWS - 1 : MAX_ROWS + 1]
    return Cursor(*rows[0]) if len(rows) == 2 else None


def stream(queryset: QuerySet, page: Page, *, time_field: str, represent: Callable[[list], list]) -> Iterator[bytes]:
    """Yield a JSON array chunk by chunk; each chunk is a page of its own, so no database cursor is held open."""
    yield b"[" + dumps(represent(page.rows))[1:-1]
    for _ in range(ROWS_PER_CHUNK, MAX_ROWS, ROWS_PER_CHUNK):
        if page.older is None:
            break
        page = read_page(queryset, time_field=time_field, size=ROWS_PER_CHUNK, cursor=page.older)
        if page.rows:
            yield b"," + dumps(represent(page.rows))[1:-1]
    yield b"]"
