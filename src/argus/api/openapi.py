"""What the descriptions of all APIs share: refusals that any address can give, pages, arrays, exact keys.

Documentation only: nothing here is asked when a request is answered.
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
    OpenApiParameter(
        "cursor", str, description="Where the page begins: taken from `next` or `previous`, never made up."
    ),
    OpenApiParameter("page_size", int, description=f"Rows on a page: {SIZES}."),
]
NUMBERED_PAGE_PARAMETERS = [
    OpenApiParameter("page", int, description="Which page; the first one is 1. There is none past the end: 404."),
    OpenApiParameter(
        "page_size",
        int,
        description=f"Rows on a page: {CountedPagination.page_size} if left out or nonsense, "
        f"{CountedPagination.max_page_size} at most.",
    ),
    OpenApiParameter(
        TOTAL_HEADER, int, location=OpenApiParameter.HEADER, response=[200], description="Rows on all pages together."
    ),
    OpenApiParameter(
        "Link",
        str,
        location=OpenApiParameter.HEADER,
        response=[200],
        description='Where other pages are: `rel="first"`, `"prev"`, `"next"`, `"last"`, as far as there are any.',
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
    description="Of the caller's own making, up to 255 printable ASCII characters. The request is then done once: sent "
    "again within 24 hours, it is answered as the first time, with `Idempotency-Replayed: true`. While the first one "
    "is under way the answer is 409; for the same key with another request it is 422.",
)
FORMAT_PARAMETER = OpenApiParameter(
    "format", str, enum=["json", "api"], description="`json`, or `api` for HTML to look at; goes before `Accept`."
)
LINK_HEADER = OpenApiParameter(
    "Link",
    str,
    location=OpenApiParameter.HEADER,
    response=[200],
    description=f'With `rel="next"`: the page that goes on after the first {MAX_ROWS} rows, if there are more.',
)
CUT_HEADER = OpenApiParameter(
    TOTAL_HEADER,
    int,
    location=OpenApiParameter.HEADER,
    response=[200],
    description=f"How many rows there are, if there are more than the {MAX_ROWS} that are answered.",
)


class AutoSchema(openapi.AutoSchema):
    """Describes an operation by its docstring, and adds the refusals that it has in common with others."""

    def get_summary(self):
        return self.own_words()[0]

    def get_description(self):
        return self.own_words()[2].strip()

    def own_words(self) -> tuple[str, str, str]:
        """Return the docstring of the view's method, else of the view, divided after its first line."""
        method = getattr(self.view, self.method.lower())
        return (get_doc(method) or get_doc(type(self.view))).partition("\n")

    def get_override_parameters(self):
        shape = [FORMAT_PARAMETER] if self.method == "GET" else []
        shape += [CUT_HEADER] if self.is_bounded() else []
        shape += [IDEMPOTENCY_PARAMETER] if self.is_repeatable() else []
        return [*shape, UUID_PARAMETER] if getattr(self.view, "lookup_field", "") == "uuid" and self.is_one() else shape

    def is_repeatable(self) -> bool:
        """Tell whether the request can be sent again under an ``Idempotency-Key``."""
        return self.method == "POST" and getattr(self.view, "accepts_idempotency_key", False)

    def is_bounded(self) -> bool:
        """Tell whether this lists rows without pages, up to a bound."""
        is_list = self.method == "GET" and "{" not in self.path
        return is_list and getattr(self.view, "pagination_class", None) is BoundedArray

    def is_one(self) -> bool:
        """Tell whether the address is that of one object, named in it."""
        return "{uuid}" in self.path

    def get_operation(self, *args, **kwargs):
        operation = super().get_operation(*args, **kwargs)
        if operation:
            for status in self.refusals(operation):
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
        return operation

    def refusals(self, operation: dict) -> list[str]:
        """Return the status codes that the operation has besides its own."""
        with_body, unsafe = "requestBody" in operation, self.method in UNSAFE
        who = operation.get("security", [])
        applies = {
            "400": with_body
            or bool(getattr(self.view, "filterset_class", None))
            or hasattr(self.view, "refuses_queries"),
            "401": bool(who) and {} not in who,
            "403": bool(who) and unsafe,
            "404": True,
            "406": True,
            "409": self.method in getattr(self.view, "conflicting_methods", ()) or self.is_repeatable(),
            "413": unsafe,
            "415": with_body,
            "422": self.is_repeatable(),
            # Whoever takes a body from strangers takes passwords.
            "429": with_body and not who,
            "503": True,
        }
        return [status for status, it_does in applies.items() if it_does]


Decorator = Callable[[type[APIView]], type[APIView]]


def describe_view(tag: str, **methods: dict[str, Any]) -> Decorator:
    """Return a class decorator that puts methods of a view under a heading and describes each by ``extend_schema``."""

    def decorate(view):
        for name, words in methods.items():
            method = vars(view).get(name) or without_description(getattr(view, name))
            setattr(view, name, extend_schema(tags=[tag], **words)(method))
        return view

    return decorate


def without_description(method):
    """Return a method that does the same and has none of the description that a parent class gave it."""

    @wraps(method, updated=())
    def same(self, *args, **kwargs):
        return method(self, *args, **kwargs)

    return same


@cache
def page_of(answer: type[serializers.Serializer]):
    """Describe one page of such answers."""
    return inline_serializer(
        f"{answer.__name__}Page",
        {
            "next": serializers.URLField(allow_null=True, help_text="The page of older rows; null on the last one."),
            "previous": serializers.URLField(
                allow_null=True, help_text="The page of newer rows; null on the first one."
            ),
            "results": answer(many=True),
        },
    )


def array_or_page_of(answer: type[serializers.Serializer]):
    """Describe what ``array_response`` gives: a bare array or, if the query asks for it, a page."""
    return PolymorphicProxySerializer(
        component_name=f"{answer.__name__}ArrayOrPage",
        serializers=[answer(many=True), page_of(answer)],
        resource_type_field_name=None,
        many=False,
    )


def preserve_plus_signs(endpoints: list[tuple]) -> list[tuple]:
    """Spell the paths as they are: the generator takes a ``+`` for a part of a regular expression and drops it."""
    return [("/" + CONVERTER.sub(r"{\1}", route), route, *others) for _, route, *others in endpoints]


def add_refusals(result: dict, **kwargs) -> dict:
    """Add what the refusals look like, and that answers have the keys described and no others."""
    components = result["components"]
    for name, schema in components["schemas"].items():
        if "properties" in schema and not name.endswith("Request"):
            schema["additionalProperties"] = False
    components["schemas"] |= SCHEMAS
    components["responses"] = RESPONSES
    return result


def refusal(description: str, schema: str = "Detail", **others) -> dict:
    """Describe a refusal as it stands among the components of the description."""
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        **others,
    }


TEXT = {"type": "string"}
FIELDS = {"$ref": "#/components/schemas/FieldErrors"}
SCHEMAS = {
    "Detail": {
        "type": "object",
        "description": "Why the request was refused, in a sentence.",
        "properties": {"detail": TEXT},
        "required": ["detail"],
        "additionalProperties": False,
        "examples": [{"detail": "Not found."}],
    },
    "FieldErrors": {
        "type": "object",
        "description": "What is wrong, by field. What concerns several fields is under `non_field_errors`; a list of "
        "objects has one object of errors for each, empty for good ones.",
        "additionalProperties": {
            "anyOf": [TEXT, {"type": "array", "items": TEXT}, {"type": "array", "items": FIELDS}, FIELDS]
        },
        "examples": [{"start_time": ["This field is required."], "tags": [{}, {"tag": ["This is not a tag."]}]}],
    },
    "Refusal": {
        "description": "Errors by field, a bare list of sentences, or one sentence about a body that cannot be read.",
        "anyOf": [FIELDS, {"type": "array", "items": TEXT}, {"$ref": "#/components/schemas/Detail"}],
    },
}
CHALLENGE = {"WWW-Authenticate": {"schema": TEXT, "description": "`Token`"}}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
RESPONSES = {
    "400": refusal("The body or a filter is malformed, or a rule refuses it. Nothing was changed.", "Refusal"),
    "401": refusal("No token, or one that is unknown or has expired.", headers=CHALLENGE),
    "403": refusal("Not allowed to this caller; or a session cookie came without a CSRF token."),
    "404": refusal("Nothing has this address; or the cursor or the `format` is unknown."),
    "406": refusal("The answer cannot be given in a form that `Accept` names."),
    "409": refusal("Not as things stand: another state has to come about first. Nothing was changed."),
    "413": refusal("The body is too long: more than 256 KiB, if the installation does not say otherwise."),
    "415": refusal("The body is neither JSON nor a form."),
    "422": refusal("The `Idempotency-Key` was used for another request. Nothing was changed."),
    "429": refusal("Too many wrong passwords. Wait before the next try.", headers=RETRY),
    "503": refusal("The database is away or overloaded. Nothing was changed; try again.", headers=RETRY),
}
