"""Keyset pages over (time, primary key), newest first. Rows with equal times are not lost; inserts shift no page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from argus.util.rows import MAX_ID


@dataclass(frozen=True)
class Cursor:
    """A position between two rows: after the row (time, pk), or before it if ``back``, which leads to newer rows."""

    time: datetime
    pk: int
    back: bool = False

    def encode(self) -> str:
        """Return URL-safe text. Clients treat it as opaque. A forged cursor grants no access."""
        text = urlencode({"p": self.time.astimezone(UTC).isoformat(), "i": self.pk, "r": int(self.back)})
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Parse the text of ``encode``. Raises ``NotFound`` for other text (contract: 404)."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
            parts = dict(parse_qsl(raw, strict_parsing=True))
            time = datetime.fromisoformat(parts["p"]).astimezone(UTC)
            pk, back = int(parts["i"]), {"0": False, "1": True}[parts["r"]]
        except (ValueError, KeyError, OverflowError):
            raise NotFound("This cursor is invalid.") from None
        if not 0 <= pk <= MAX_ID:
            raise NotFound("This cursor is invalid.")
        return cls(time, pk, back)


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the cursors of the adjacent pages (``None`` where there are no rows)."""

    rows: list
    older: Cursor | None
    newer: Cursor | None


def read_page(queryset: QuerySet, *, time_field: str, size: int, cursor: Cursor | None = None) -> Page:
    """Return one page of objects or named tuples. One query.

    It reads one row more than the page, to know whether there is another page.
    """
    back = cursor is not None and cursor.back
    if cursor is not None:
        queryset = queryset.filter(rows_beyond(cursor, time_field))
    order = (time_field, "pk") if back else (f"-{time_field}", "-pk")
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    if not rows:
        return Page([], *cursors_of_empty_page(cursor))
    first, last = ((getattr(row, time_field), row.pk) for row in (rows[0], rows[-1]))
    older = Cursor(*last) if more or back else None
    newer = Cursor(*first, back=True) if cursor is not None and (more or not back) else None
    return Page(rows, older, newer)


def cursors_of_empty_page(cursor: Cursor | None) -> tuple[Cursor | None, Cursor | None]:
    """Return the cursors of a page beyond either end: one leads back, and includes the row of the cursor."""
    if cursor is None:
        return None, None
    if cursor.back:
        return Cursor(cursor.time, min(cursor.pk + 1, MAX_ID)), None
    return None, Cursor(cursor.time, max(cursor.pk - 1, 0), back=True)


def rows_beyond(cursor: Cursor, time_field: str) -> Q:
    """Return the condition for rows beyond the cursor, in a form that an index on (time, pk) serves as a range."""
    side = "gt" if cursor.back else "lt"
    return Q(**{f"{time_field}__{side}e": cursor.time}) & (
        Q(**{f"{time_field}__{side}": cursor.time}) | Q(**{f"pk__{side}": cursor.pk})
    )


class KeysetPagination(BasePagination):
    """REST framework's interface to ``read_page``: parameters ``cursor`` and ``page_size``, links in the body."""

    cursor_query_param = "cursor"
    page_size_query_param = "page_size"
    page_size = 100
    max_page_size = 1000
    time_field = "start_time"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list:
        self.request = request
        text = request.query_params.get(self.cursor_query_param)
        self.page = read_page(
            queryset,
            time_field=self.time_field,
            size=self.get_page_size(request),
            cursor=Cursor.decode(text) if text else None,
        )
        return self.page.rows

    def get_page_size(self, request: Request) -> int:
        """Return the requested size, up to ``max_page_size``. Invalid text means the default (contract)."""
        text = request.query_params.get(self.page_size_query_param, "")
        if not (text.isascii() and text.isdigit()):
            return self.page_size
        # Longer texts are large numbers in any case.
        size = int(text) if len(text) < 19 else self.max_page_size
        return min(size, self.max_page_size) or self.page_size

    def link_from(self, request: Request, cursor: Cursor | None) -> str | None:
        """Return the absolute URL of the page at the cursor, with all other parameters."""
        if cursor is None:
            return None
        return replace_query_param(request.build_absolute_uri(), self.cursor_query_param, cursor.encode())

    def get_envelope(self, results: list) -> dict[str, Any]:
        """Return the body of the page that was read last."""
        older, newer = (self.link_from(self.request, cursor) for cursor in (self.page.older, self.page.newer))
        return {"next": older, "previous": newer, "results": results}

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }
