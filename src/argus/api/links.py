"""Links between objects. Output is absolute; input may have any scheme and host. UUIDs are 32 hexadecimal digits."""

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import get_script_prefix, register_converter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from argus.util.urls import split_url

OBJECT_PATH = re.compile(r"api/(?P<collection>[a-z-]+)/(?P<uuid>[0-9a-f]{32})/")


class HexUUIDConverter:
    """A UUID in a path, as ``<hex:uuid>``. Dashes and capitals do not match."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> UUID:
        return UUID(hex=value)

    def to_url(self, value: UUID) -> str:
        return value.hex


register_converter(HexUUIDConverter, "hex")


class Links:
    """Absolute links with the host name of the request. The prefix is composed once for all objects of a response."""

    def __init__(self, request: HttpRequest | Request) -> None:
        self.root = request.build_absolute_uri(f"{get_script_prefix()}api/")

    def to(self, collection: str, uuid: UUID) -> str:
        """Return the URL of the object in ``/api/<collection>/``."""
        return f"{self.root}{collection}/{uuid.hex}/"


def parse_link(text: str) -> tuple[str, UUID] | None:
    """Return collection and UUID of a link to an object of the API, or ``None`` for other text.

    Only the path counts; scheme and host may be missing (contract).
    """
    try:
        path = split_url(text.strip()).path
    except ValueError:
        return None
    prefix = get_script_prefix()
    match = OBJECT_PATH.fullmatch(path[len(prefix) :]) if path.startswith(prefix) else None
    return (match["collection"], UUID(hex=match["uuid"])) if match else None


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{32}$"})
class HexUUIDField(serializers.UUIDField):
    """A UUID as 32 hexadecimal digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="hex", **kwargs)
