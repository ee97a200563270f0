"""Warn of names in a request that the server does not know, in the header ``Warning`` (docs/adr/0024).

A parameter is known if the view has looked it up; a field, if the view's serializer has it. Only successful responses
have the warning, and no streamed ones.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.serializers import Serializer

from .warnings import add_warnings

MAX_NAMES, MAX_NAME_LENGTH = 10, 30
# Forms of the browsable pages have it.
OTHER_FIELDS = {"csrfmiddlewaretoken"}


class ObservedQuery(QueryDict):
    """A query that remembers which names were looked up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.read: set[str] = set()
        super().__init__(*args, **kwargs)
        # Parsing looks the names up.
        self.read = set()

    def __getitem__(self, key: Any) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def getlist(self, key: Any, default: Any = None) -> Any:
        self.read.add(key)
        return super().getlist(key, default)


class IgnoredNamesMiddleware:
    """Warn of unknown parameters and fields of API requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if query and request.path_info.startswith("/api/"):
            request.GET = ObservedQuery(query, encoding=request.encoding)  # type: ignore[assignment]
        response = self.get_response(request)
        context = getattr(response, "renderer_context", None)
        if context and 200 <= response.status_code < 300 and request.method != "OPTIONS":
            add_warnings(response, warnings_for(context["request"], context["view"]))
        return response


def warnings_for(request: Any, view: Any) -> Iterator[str]:
    """Yield a sentence about unknown parameters, and one about unknown fields at the top of the body."""
    query = request.query_params
    if isinstance(query, ObservedQuery) and (names := query.keys() - query.read):
        yield f"Unknown query parameters were ignored: {shown(names)}."
    serializer_class = getattr(view, "serializer_class", None)
    if request.method not in {"POST", "PUT", "PATCH"} or serializer_class in {None, Serializer}:
        return
    known = field_names(serializer_class) | OTHER_FIELDS
    # In a form, the fields of an element are ``tags[0]tag``.
    if names := {name for name in top_of(request) if name.partition("[")[0] not in known}:
        yield f"Unknown fields were ignored: {shown(names)}."


def top_of(request: Any) -> Iterable[str]:
    """Return the names at the top of the body. A view that needs no body accepts one that cannot be parsed."""
    try:
        return request.data if isinstance(request.data, dict) else ()
    except APIException:
        return ()


@cache
def field_names(serializer_class: type[Serializer]) -> frozenset[str]:
    """Return the names of all fields, read-only ones included."""
    return frozenset(serializer_class().fields)


def shown(names: Iterable[str]) -> str:
    """Return at most ten names, each cut, and how many others there are."""
    ordered = sorted(names)
    listed = ", ".join(name[:MAX_NAME_LENGTH] for name in ordered[:MAX_NAMES])
    return f"{listed} and {len(ordered) - MAX_NAMES} more" if len(ordered) > MAX_NAMES else listed
