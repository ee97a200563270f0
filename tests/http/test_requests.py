"""Requests that are refused before any view, and the format of refusals."""

import pytest

from argus.api.errors import exception_handler
from argus.util.errors import DomainError, NotPermittedError
from tests.factories import INCIDENTS, incident_body, make_client
from tests.tables import for_each

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (DomainError("No."), 400, {"non_field_errors": ["No."]}),
        (DomainError("No.", field="type"), 400, {"type": ["No."]}),
        (DomainError(messages={"a": "No.", "b": "Neither."}), 400, {"a": "No.", "b": "Neither."}),
        (NotPermittedError("Not you."), 403, {"detail": "Not you."}),
    ],
)
@pytest.mark.django_db
def test_domain_errors_become_responses(error, status, body):
    answer = exception_handler(error, {})
    assert (answer.status_code, answer.data) == (status, body)


def test_other_exceptions_are_not_handled():
    assert exception_handler(ZeroDivisionError(), {}) is None


@for_each(
    "path",
    ["", "mine/", "open/", "open+unacked/", "metadata/", "sources/", "source-types/", "1/", "1/events/", "1/acks/"],
)
def test_get_without_slash_is_redirected(as_stranger, path):
    answer = as_stranger.get(f"{INCIDENTS}{path}"[:-1], {"open": "true"})
    assert answer.status_code == 301
    assert answer["Location"] == f"{INCIDENTS}{path}?open=true"


@for_each("method", ["post", "put", "patch", "delete"])
def test_body_without_slash_is_404_instead_of_a_redirect(as_source, method):
    answer = getattr(as_source, method)(INCIDENTS[:-1], incident_body())
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@for_each(
    "path", ["x/", "sources/heartbeat/", "sources/x/", "1/x/", "-1/", "1.0/", "open unacked/", "٣/", "1/events/x/"]
)
@for_each("method", ["get", "post", "put", "patch", "delete"])
def test_unknown_urls_are_404_with_any_method(as_user, path, method):
    client = make_client(as_user.user)
    client.handler.enforce_csrf_checks = True
    answer = getattr(client, method)(f"{INCIDENTS}{path}")
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@pytest.mark.both
@for_each("number", ["0", "9223372036854775807", "9223372036854775808", "9" * 50, "9" * 5_000])
@for_each("path", ["{}/", "{}/events/", "{}/acks/", "{}/ticket_url/", "sources/{}/", "{}/events/{}/"])
def test_unknown_numbers_are_404(as_superuser, number, path):
    path = INCIDENTS + path.format(number, number)
    ask = as_superuser.put if "ticket_url" in path else as_superuser.get
    answer = ask(path, {"ticket_url": ""})
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@for_each("body", [b"", b"{", b"[", b"nonsense", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"\0"])
def test_invalid_json_is_refused(as_source, body):
    answer = as_source.post(INCIDENTS, data=body, content_type="application/json")
    assert answer.status_code == 400
    if body:
        assert list(answer.json()) == ["detail"]


@for_each("body", ["[]", '"text"', "1", "null", "true", "[{}]"])
@for_each("path", ["", "{pk}/events/", "{pk}/acks/"])
def test_json_without_an_object_is_refused(as_user, post_incident, as_superuser, path, body):
    path = INCIDENTS + path.format(**post_incident())
    for client in (as_user, as_superuser):
        answer = client.post(path, data=body, content_type="application/json")
        assert answer.status_code == 400


@for_each("content_type", ["text/plain", "application/xml", "application/x-yaml", "image/png"])
def test_other_content_types_are_415(as_source, content_type):
    answer = as_source.post(INCIDENTS, data="x", content_type=content_type)
    assert answer.status_code == 415
    assert list(answer.json()) == ["detail"]


def test_unknown_accept_header_is_406(as_user):
    answer = as_user.get(INCIDENTS, HTTP_ACCEPT="application/xml")
    assert answer.status_code == 406
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/csv, */*;q=0.1"])
def test_json_is_the_default(as_user, accept):
    answer = as_user.get(INCIDENTS, HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@for_each("format", ["xml", "csv", "x"])
def test_unknown_format_is_404(as_user, format):
    assert as_user.get(INCIDENTS, {"format": format}).status_code == 404


def test_session_needs_a_csrf_token_for_changes(as_superuser, post_incident):
    path = f"{INCIDENTS}{post_incident()['pk']}/events/"
    client = make_client()
    client.handler.enforce_csrf_checks = True
    client.force_login(as_superuser.user)
    assert client.get(path).status_code == 200
    refused = client.post(path, {"type": "OTH"})
    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
    client.cookies["csrftoken"] = "x" * 32
    assert client.post(path, {"type": "OTH"}, headers={"X-CSRFToken": "x" * 32}).status_code == 201


def test_lone_surrogates_in_an_error_are_answered_in_json(as_source):
    body = '{"tags": [{"tag": "\\ud800=1"}], "start_time": "\\udfff"}'
    answer = as_source.post(INCIDENTS, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"tags", "start_time", "source_incident_id"}


def test_options_describe_a_view_without_a_body(as_user):
    answer = as_user.options("/api/v1/auth/logout/")
    assert answer.status_code == 200
    assert answer["Allow"] == "POST, OPTIONS"
