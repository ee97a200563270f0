"""Reading request bodies."""

from io import BytesIO

from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """JSON that may be nested deeper than the interpreter can follow: refused like all that is no JSON."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class MultiPartParser(parsers.MultiPartParser):
    """Forms in parts, all of them: Django itself makes a value of whatever stands where a boundary should be."""

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read()
        boundary = parse_header_parameters(media_type or "")[1].get("boundary", "")
        if boundary and f"--{boundary}--".encode(errors="replace") not in body:
            raise ParseError("Multipart form parse error - the closing boundary is missing")
        return super().parse(BytesIO(body), media_type, parser_context)
