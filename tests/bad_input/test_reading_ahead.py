"""Bodies are read before a request gets a thread; what comes too slowly or not at all is refused there."""

from io import BytesIO

import pytest

from argus.http.wsgi import measured
from argus.site import bodies
from tests.wireless import talk

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/api/v1/incidents/",
    "query_string": b"",
    "headers": [(b"content-length", b"100"), (b"content-type", b"application/json")],
}


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.05)


def test_a_body_that_does_not_come_is_408():
    start, body = talk(SCOPE, {"type": "http.request", "body": b"{", "more_body": True})

    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    assert b"detail" in body["body"]


def test_a_client_that_has_gone_gets_no_answer():
    assert talk(SCOPE, {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}) == []


@pytest.mark.parametrize("size", [10, 10**6])
def test_a_wsgi_body_in_chunks_is_measured(settings, size):
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b"x" * size)}

    read = measured(lambda environ, start_response: [environ["wsgi.input"].read()])(environ, None)

    assert len(read[0]) == int(environ["CONTENT_LENGTH"]) == min(size, settings.ARGUS_MAX_BODY_SIZE + 1)
