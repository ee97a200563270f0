"""Parsers of request bodies."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Parse JSON. Nesting beyond the interpreter's recursion limit is a parse error."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


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
