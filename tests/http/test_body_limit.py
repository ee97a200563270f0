"""Limits on request bodies: too long, truncated, chunked."""

import json
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from argus.http.body_limit import read_body_first
from tests.factories import INCIDENTS, incident_body

LIMIT = 2_000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def send(settings):
    """Send a body to an application that echoes what it can read; return status, headers and body."""
    settings.ARGUS_MAX_BODY_SIZE = LIMIT

    def application(environ, start_response):
        length = environ.get("CONTENT_LENGTH", "")
        start_response("200 OK", [("X-Length", length)])
        return [environ["wsgi.input"].read(int(length or 0))]

    def call(body: bytes, **environ) -> tuple[str, dict, bytes]:
        started = []
        content = read_body_first(application)(
            {"wsgi.input": BytesIO(body), **environ}, lambda status, headers: started.append((status, dict(headers)))
        )
        [(status, headers)] = started
        return status, headers, b"".join(content)

    return call


@pytest.mark.parametrize("body", [b"", b"x", b"x" * LIMIT])
def test_complete_body_is_passed_on(send, body):
    assert send(body, CONTENT_LENGTH=str(len(body))) == ("200 OK", {"X-Length": str(len(body))}, body)


@pytest.mark.parametrize(("length", "status"), [("10", 400), ("9", 404)])
def test_truncated_body_is_400(db, length, status):
    started = []
    # A form: Django would read what there is of it.
    environ = RequestFactory().post("/nowhere/", b"", FORM).environ
    environ |= {"CONTENT_LENGTH": length, "wsgi.input": BytesIO(b"a=b&c=d&e")}
    handler = read_body_first(WSGIHandler())
    content = handler(environ, lambda status, headers: started.append((status, dict(headers))))
    [(line, headers)] = started
    assert int(line.split()[0]) == status
    assert headers["X-Request-ID"]
    assert (status == 404) or list(json.loads(b"".join(content))) == ["detail"]


@pytest.mark.parametrize("body", [b"", b"x", b"x" * LIMIT])
def test_chunked_body_gets_its_length(send, body):
    assert send(body, HTTP_TRANSFER_ENCODING="Chunked") == ("200 OK", {"X-Length": str(len(body))}, body)


def test_chunked_body_is_read_up_to_one_byte_over_the_limit(send):
    endless = b"x" * LIMIT * 10
    assert send(endless, HTTP_TRANSFER_ENCODING="chunked")[1] == {"X-Length": str(LIMIT + 1)}


def test_request_without_length_has_no_body(send):
    assert send(b"x") == ("200 OK", {"X-Length": ""}, b"")


def test_body_over_the_limit_is_413(as_source, settings):
    settings.ARGUS_MAX_BODY_SIZE = LIMIT
    answer = as_source.post(INCIDENTS, incident_body(description="x" * LIMIT))
    assert answer.status_code == 413
    assert answer["X-Request-ID"]
    assert list(answer.json()) == ["detail"]
    assert as_source.post(INCIDENTS, incident_body(description="x" * 1_000)).status_code == 201


@pytest.mark.parametrize(("length", "unread"), [(LIMIT + 1, 0), (LIMIT * 5, 0), (LIMIT * 5 + 1, LIMIT * 5 + 1)])
def test_body_too_long_for_its_path_is_discarded_up_to_the_largest_limit(settings, length, unread):
    """A proxy that is still sending answers 502 when the server closes the connection."""
    settings.ARGUS_MAX_BODY_SIZE, settings.ARGUS_BODY_SIZES = LIMIT, {"/bulk/": LIMIT * 5}
    body = BytesIO(b"x" * length)
    application = read_body_first(lambda environ, start_response: [])
    application({"wsgi.input": body, "PATH_INFO": "/", "CONTENT_LENGTH": str(length)}, lambda *args: None)
    assert len(body.read()) == unread
