"""Shared parts of the OpenAPI descriptions: error responses, pages, arrays, exact keys.

Documentation only; no request uses it.
"""

import re
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.plumbing import get_doc
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.views import APIView

from .arrays import MAX_ROWS, BoundedArray
from .counted_pagination import TOTAL_HEADER, CountedPagination
from .pagination import KeysetPagination

CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

SIZES = f"{KeysetPagination.page_size} if left out, {KeysetPagination.max_page_size} at most"
PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="The position of the page, from `next` or `previous`."),
    OpenApiParameter("page_size", int, description=f"Rows in a page: {SIZES}."),
]
NUMBERED_PAGE_PARAMETERS = [
    OpenApiParameter(
        "page", int, description="The number of the page; the first is 1. A page after the last one is 404."
    ),
    OpenApiParameter(
        "page_size",
        int,
        description=f"Rows in a page: {CountedPagination.page_size} if left out or invalid, "
        f"{CountedPagination.max_page_size} at most.",
    ),
    OpenApiParameter(
        TOTAL_HEADER, int, location=OpenApiParameter.HEADER, response=[200], description="Rows in all pages."
    ),
    OpenApiParameter(
        "Link",
        str,
        location=OpenApiParameter.HEADER,
        response=[200],
        description='The URLs of other pages: `rel="first"`, `"prev"`, `"next"`, `"last"`.',
    ),
]
UUID_PARAMETER = OpenApiParameter(
    "uuid",
    {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    location=OpenApiParameter.PATH,
    description="32 hexadecimal digits without dashes.",
)
IDEMPOTENCY_PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    str,
    location=OpenApiParameter.HEADER,
    description="A key that the client chooses, up to 255 printable ASCII characters. The request is executed once; "
    "a repeated one within 24 hours gets the first response, with `Idempotency-Replayed: true`. While the first one "
    "is in progress, the response is 409; for the same key with another request it is 422.",
)
FORMAT_PARAMETER = OpenApiParameter(
    "format", str, enum=["json", "api"], description="`json`, or `api` for HTML. Takes precedence over `Accept`."
)
LINK_HEADER = OpenApiParameter(
    "Link",
    str,
    location=OpenApiParameter.HEADER,
    response=[200],
    description=f'With `rel="next"`: the URL of the page after the first {MAX_ROWS} rows, if there are more.',
)
CUT_HEADER = OpenApiParameter(
    TOTAL_HEADER,
    int,
    location=OpenApiParameter.HEADER,
    response=[200],
    description=f"The number of rows, if there are more than the {MAX_ROWS} in the response.",
)


class AutoSchema(openapi.AutoSchema):
    """Describe an operation by its docstring, and add the error responses that operations share."""

    def get_summary(self) -> str:
        return self.split_docstring()[0]

    def get_description(self) -> str:  # type: ignore[override]
        return self.split_docstring()[2].strip()

    def split_docstring(self) -> tuple[str, str, str]:
        """Return the docstring of the view's method, or of the view, split after its first line."""
        method = getattr(self.view, self.method.lower())
        return (get_doc(method) or get_doc(type(self.view))).partition("\n")

    def get_override_parameters(self) -> list[Any]:
        shape = [FORMAT_PARAMETER] if self.method == "GET" else []
        shape += [CUT_HEADER] if self.is_bounded() else []
        shape += [IDEMPOTENCY_PARAMETER] if self.is_idempotent() else []
        return (
            [*shape, UUID_PARAMETER] if getattr(self.view, "lookup_field", "") == "uuid" and self.is_detail() else shape
        )

    def is_idempotent(self) -> bool:
        """Return whether the operation accepts an ``Idempotency-Key``."""
        return self.method == "POST" and getattr(self.view, "accepts_idempotency_key", False)

    def is_bounded(self) -> bool:
        """Return whether the operation is a limited list without pages."""
        is_list = self.method == "GET" and "{" not in self.path
        return is_list and getattr(self.view, "pagination_class", None) is BoundedArray

    def is_detail(self) -> bool:
        """Return whether the URL is that of one object."""
        return "{uuid}" in self.path

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            for status in self.error_codes(operation):
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
        return operation

    def error_codes(self, operation: dict[str, Any]) -> list[str]:
        """Return the status codes of the shared error responses that the operation can have."""
        with_body, unsafe = "requestBody" in operation, self.method in UNSAFE
        security = operation.get("security", [])
        applies = {
            "400": with_body
            or bool(getattr(self.view, "filterset_class", None))
            or hasattr(self.view, "refuses_queries"),
            "401": bool(security) and {} not in security,
            "403": bool(security) and unsafe,
            "404": True,
            "406": True,
            "409": self.method in getattr(self.view, "conflicting_methods", ()) or self.is_idempotent(),
            "413": unsafe,
            "415": with_body,
            "422": self.is_idempotent(),
            "429": True,
            "503": True,
        }
        return [status for status, is_possible in applies.items() if is_possible]


Decorator = Callable[[type[APIView]], type[APIView]]


def describe_view(tag: str, **methods: dict[str, Any]) -> Decorator:
    """Return a class decorator that describes methods of a view by ``extend_schema``, under the heading ``tag``."""

    def decorate(view: type[APIView]) -> type[APIView]:
        for name, description in methods.items():
            method = vars(view).get(name) or without_description(getattr(view, name))
            setattr(view, name, extend_schema(tags=[tag], **description)(method))
        return view

    return decorate


def without_description(method: Callable) -> Callable:
    """Return the method without the description that a parent class has given it."""

    @wraps(method, updated=())
    def same(self: APIView, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return same


@cache
def page_of(answer: type[serializers.Serializer]) -> Any:
    """Return the description of one page of such objects."""
    return inline_serializer(
        f"{answer.__name__}Page",
        {
            "next": serializers.URLField(allow_null=True, help_text="The page of older rows; null in the last page."),
            "previous": serializers.URLField(
                allow_null=True, help_text="The page of newer rows; null in the first page."
            ),
            "results": answer(many=True),
        },
    )


def array_or_page_of(answer: type[serializers.Serializer]) -> PolymorphicProxySerializer:
    """Return the description of ``array_response``: a bare array or, if the query asks for it, a page."""
    return PolymorphicProxySerializer(
        component_name=f"{answer.__name__}ArrayOrPage",
        serializers=[answer(many=True), page_of(answer)],
        resource_type_field_name=None,
        many=False,
    )


def preserve_plus_signs(endpoints: list[tuple]) -> list[tuple]:
    """Restore each ``+`` in paths, which the generator takes for a part of a regular expression."""
    return [("/" + CONVERTER.sub(r"{\1}", route), route, *others) for _, route, *others in endpoints]


def add_refusals(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the error responses, and state that responses have no other keys than described."""
    components = result["components"]
    for name, schema in components["schemas"].items():
        if "properties" in schema and not name.endswith("Request"):
            schema["additionalProperties"] = False
    components["schemas"] |= SCHEMAS
    components["responses"] = RESPONSES
    for methods in result["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                if "content" in response:
                    response["content"] |= HTML_CONTENT
    return result


def refusal(description: str, schema: str = "Detail", **others: Any) -> dict[str, Any]:
    """Return the description of an error response."""
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        **others,
    }


TEXT = {"type": "string"}
HTML_CONTENT = {"text/html": {"schema": {"$ref": "#/components/schemas/HtmlPage"}}}
# Refusals that are JSON also for browsers.
ONLY_JSON = {"406", "413", "429", "503"}
FIELDS = {"$ref": "#/components/schemas/FieldErrors"}
SCHEMAS = {
    "HtmlPage": {"type": "string", "description": "The same as a page, for requests with `Accept: text/html`."},
    "Detail": {
        "type": "object",
        "description": "The reason why the request was refused.",
        "properties": {"detail": TEXT},
        "required": ["detail"],
        "additionalProperties": False,
        "examples": [{"detail": "Not found."}],
    },
    "FieldErrors": {
        "type": "object",
        "description": "Errors by field. Errors of several fields are under `non_field_errors`. A list of objects has "
        "one object of errors for each, empty for a valid one.",
        "additionalProperties": {
            "anyOf": [TEXT, {"type": "array", "items": TEXT}, {"type": "array", "items": FIELDS}, FIELDS]
        },
        "examples": [{"start_time": ["This field is required."], "tags": [{}, {"tag": ["This is not a tag."]}]}],
    },
    "Refusal": {
        "description": "Errors by field, a bare list of messages, or one message about a malformed body.",
        "anyOf": [FIELDS, {"type": "array", "items": TEXT}, {"$ref": "#/components/schemas/Detail"}],
    },
}
CHALLENGE = {"WWW-Authenticate": {"schema": TEXT, "description": "`Token`"}}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
RESPONSES = {
    "400": refusal("The body or a filter is malformed, or a rule refuses it. Nothing was changed.", "Refusal"),
    "401": refusal("No token, or one that is unknown or has expired.", headers=CHALLENGE),
    "403": refusal("Not permitted for this user; or a session cookie without a CSRF token."),
    "404": refusal("No such object or URL; or an invalid cursor or `format`."),
    "406": refusal("The response has none of the media types in `Accept`."),
    "409": refusal("The current state does not allow it. Nothing was changed."),
    "413": refusal("The body is too long: the default limit is 256 KiB."),
    "415": refusal("The body is neither JSON nor a form."),
    "422": refusal("The `Idempotency-Key` was used for another request. Nothing was changed."),
    "429": refusal("Too many requests, or too many login attempts.", headers=RETRY),
    "503": refusal("The database is unavailable or overloaded. Nothing was changed. Retry later.", headers=RETRY),
}
for _status in RESPONSES.keys() - ONLY_JSON:
    RESPONSES[_status]["content"] |= HTML_CONTENT
