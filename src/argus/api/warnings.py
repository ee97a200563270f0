"""Warnings in a response header: clients of API v1 accept no further keys in the body, but may ignore a header."""

from collections.abc import Iterable

from django.http.response import HttpResponseBase

HEADER = "Warning"
MAX_WARNINGS = 10
MAX_LENGTH = 200
# "Miscellaneous persistent warning", and no name of the server.
PREFIX = "299 -"


def add_warnings(response: HttpResponseBase, texts: Iterable[str]) -> None:
    """Append each text to the header ``Warning``, as ``299 - "text"``. Texts beyond ``MAX_WARNINGS`` are dropped."""
    values = [f'{PREFIX} "{quoted(text)}"' for text in list(texts)[:MAX_WARNINGS]]
    if values:
        response.headers[HEADER] = ", ".join(filter(None, [response.headers.get(HEADER), *values]))


def quoted(text: str) -> str:
    """Return the text for a quoted string: printable ASCII, at most ``MAX_LENGTH`` characters."""
    plain = "".join(one if one.isascii() and one.isprintable() else "?" for one in text[:MAX_LENGTH])
    return plain.replace("\\", "\\\\").replace('"', '\\"')
