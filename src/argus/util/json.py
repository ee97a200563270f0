"""JSON text from plain Python data."""

import json
from typing import Any

import orjson
from rest_framework.utils.encoders import JSONEncoder


def dumps(data: Any) -> bytes:
    """Serialize to UTF-8 JSON, with the types that REST framework knows (translated strings, error details)."""
    try:
        return orjson.dumps(data, default=JSONEncoder().default)
    except TypeError:
        # orjson refuses a lone surrogate, which an error may echo from a request. The standard library escapes it.
        return json.dumps(data, cls=JSONEncoder).encode()
