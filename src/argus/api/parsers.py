"""Parsers of request bodies."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils import json

# Names, values and separators in a JSON body. 10 000 incidents with 20 000 tags have about 300 000.
MAX_JSON_ITEMS = 600_000


class JSONParser(parsers.JSONParser):
    """Parse JSON. Bodies of too many values, and nesting beyond the recursion limit, are parse errors.

    A body of 8 MB can have 2.7 million empty objects: 180 MB of memory.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        encoding = (parser_context or {}).get("encoding", "utf-8")
        try:
            text = stream.read().decode(encoding)
            check_json_size(text)
            return json.loads(text, parse_constant=json.strict_constant)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        except LookupError:
            raise ParseError("JSON parse error - unsupported charset") from None
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from None


def check_json_size(text: str) -> None:
    """Raise ``ParseError`` for more than ``MAX_JSON_ITEMS`` names, values and separators. Takes 10 ms for 8 MB."""
    if len(text) <= MAX_JSON_ITEMS:
        return
    # As bytes: a single emoji would make each character take four. Without escaped quotes, every second piece between
    # quotes is outside of a text.
    pieces = text.encode(errors="surrogatepass").replace(rb"\\", b"").replace(rb"\"", b"")
    number = pieces.count(b'"') // 2
    if number <= MAX_JSON_ITEMS:
        outside = b"".join(pieces.split(b'"')[::2])
        number += sum(map(outside.count, (b",", b"[", b"{")))
    if number > MAX_JSON_ITEMS:
        raise ParseError("JSON parse error - too many values")


class MultiPartParser(parsers.MultiPartParser):
    """Parse multipart forms. A missing closing boundary is a parse error; Django takes it for a part of the value."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        boundary = parse_header_parameters(media_type or "")[1].get("boundary", "")
        if boundary and f"--{boundary}--".encode(errors="replace") not in body:
            raise ParseError("Multipart form parse error - the closing boundary is missing")
        return super().parse(BytesIO(body), media_type, parser_context)
