"""Requests that REST framework's own test client would refuse to write."""

import json


def send_json(client, method: str, path: str, value):
    """Send any value that JSON can spell, lone surrogates and infinities among them."""
    return client.generic(method, path, json.dumps(value), content_type="application/json")
