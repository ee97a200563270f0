"""Links between objects: absolute ones out, and any spelling of them in. UUIDs are 32 hexadecimal digits."""

import re
from urllib.parse import urlsplit
from uuid import UUID

from django.urls import get_script_prefix, register_converter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

ADDRESS = re.compile(r"api/(?P<collection>[a-z-]+)/(?P<uuid>[0-9a-f]{32})/")


class HexUUIDConverter:
    """A UUID in a path, as ``<hex:uuid>``. Dashes or capitals make it another, unknown address."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> UUID:
        return UUID(hex=value)

    def to_url(self, value: UUID) -> str:
        return value.hex


register_converter(HexUUIDConverter, "hex")


class Links:
    """Absolute links by the name that the request was sent to, composed once for all objects of an answer."""

    def __init__(self, request):
        self.root = request.build_absolute_uri(f"{get_script_prefix()}api/")

    def to(self, collection: str, uuid: UUID) -> str:
        """Return the address of the object in the list ``/api/<collection>/``."""
        return f"{self.root}{collection}/{uuid.hex}/"


def parse_link(text: str) -> tuple[str, UUID] | None:
    """Return what a link names, as (collection, UUID); ``None`` for what is no link to an object of the API.

    Scheme and host may be anybody's and may be missing (contract): only the path counts.
    """
    try:
        path = urlsplit(text.strip()).path
    except ValueError:
        return None
    prefix = get_script_prefix()
    match = ADDRESS.fullmatch(path[len(prefix) :]) if path.startswith(prefix) else None
    return (match["collection"], UUID(hex=match["uuid"])) if match else None


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{32}$"})
class HexUUIDField(serializers.UUIDField):
    """A UUID as 32 hexadecimal digits."""

    def __init__(self, **kwargs):
        super().__init__(format="hex", **kwargs)
