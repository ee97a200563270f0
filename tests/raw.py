"""Requests that the test client of REST framework refuses to encode."""

import json


def send_json(client, method: str, path: str, value):
    """Send a value as JSON, even lone surrogates and infinities."""
    return client.generic(method, path, json.dumps(value), content_type="application/json")
