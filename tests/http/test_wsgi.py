"""Bodies on their way into Django."""

import json
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from argus.http.wsgi import measured

LIMIT = 2_000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def send(settings):
    """Send a body through to an application that echoes what it can read; return status, length and body."""
    settings.ARGUS_MAX_BODY_SIZE = LIMIT

    def application(environ, start_response):
        length = environ.get("CONTENT_LENGTH", "")
        start_response("200 OK", [("X-Length", length)])
        return [environ["wsgi.input"].read(int(length or 0))]

    def call(body: bytes, **environ) -> tuple[str, dict, bytes]:
        heard = []
        content = measured(application)(
            {"wsgi.input": BytesIO(body), **environ}, lambda status, headers: heard.append((status, dict(headers)))
        )
        [(status, headers)] = heard
        return status, headers, b"".join(content)

    return call


@pytest.mark.parametrize("body", [b"", b"x", b"x" * LIMIT])
def test_a_whole_body_comes_through(send, body):
    assert send(body, CONTENT_LENGTH=str(len(body))) == ("200 OK", {"X-Length": str(len(body))}, body)


@pytest.mark.parametrize(("length", "status"), [("10", 400), ("9", 404)])
def test_a_body_that_was_cut_short_is_refused_like_everything_else(db, length, status):
    heard = []
    # A form: what came of it could be read.
    environ = RequestFactory().post("/nowhere/", b"", FORM).environ
    environ |= {"CONTENT_LENGTH": length, "wsgi.input": BytesIO(b"a=b&c=d&e")}
    content = measured(WSGIHandler())(environ, lambda status, headers: heard.append((status, dict(headers))))
    [(line, headers)] = heard
    assert int(line.split()[0]) == status
    assert headers["X-Request-ID"]
    assert (status == 404) or list(json.loads(b"".join(content))) == ["detail"]


@pytest.mark.parametrize("body", [b"", b"x", b"x" * LIMIT])
def test_a_body_in_chunks_gets_its_length(send, body):
    assert send(body, HTTP_TRANSFER_ENCODING="Chunked") == ("200 OK", {"X-Length": str(len(body))}, body)


def test_of_too_long_a_body_no_more_is_read_than_shows_that_it_is(send):
    endless = b"x" * LIMIT * 10
    assert send(endless, HTTP_TRANSFER_ENCODING="chunked")[1] == {"X-Length": str(LIMIT + 1)}


def test_without_a_length_there_is_no_body(send):
    assert send(b"x") == ("200 OK", {"X-Length": ""}, b"")
