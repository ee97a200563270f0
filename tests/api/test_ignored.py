"""The header ``Warning`` names parameters and fields that were ignored."""

import pytest

from tests.factories import INCIDENTS, incident_body, make_incident

pytestmark = pytest.mark.once

PARAMETERS, FIELDS = "Unknown query parameters were ignored: ", "Unknown fields were ignored: "


def warning_of(response) -> str:
    assert response.status_code < 300, response.content
    return response.headers.get("Warning", "")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (
            INCIDENTS,
            "open=true&acked=&stateful=&tags=&source__id__in=&source__name__in=&source__type__in=&source_incident_id="
            "&start_time__gte=&start_time__lte=&end_time__gte=&end_time__lte=&end_time__isnull=&page_size=5&format=json",
        ),
        (f"{INCIDENTS}open/", "page_size=5&cursor="),
        ("/api/alerts/", "severity=Error&alert_type=a&opened&o=created&page=1&page_size=5&from=1&to=2&acknowledged=1"),
        ("/api/alerts/stats/", "scope_type=project&aggregate=customer&uuid=a&created_from=1"),
        ("/api/users/", "current"),
    ],
)
def test_known_parameters_are_not_named(as_superuser, path, query):
    assert warning_of(as_superuser.get(f"{path}?{query}")) == ""


def test_unknown_parameters_are_named(as_user):
    assert warning_of(as_user.get(f"{INCIDENTS}?tag=a=b&open=true&Open=true")) == f'299 - "{PARAMETERS}Open, tag."'


def test_unknown_fields_are_named(as_source):
    assert warning_of(as_source.post(INCIDENTS, incident_body())) == ""
    response = as_source.post(INCIDENTS, incident_body(ticketurl="", level=1))
    assert warning_of(response) == f'299 - "{FIELDS}level, ticketurl."'


def test_read_only_fields_are_known(as_user):
    body = {"phone_number": "+4767676767", "pk": 1, "user": 2}
    assert warning_of(as_user.post("/api/v1/auth/phone-number/", body)) == ""


def test_fields_of_forms_are_known(as_source):
    form = "start_time=2024-05-15T14:00:00Z&source_incident_id=f&tags[0]tag=a=b&csrfmiddlewaretoken=x"
    response = as_source.post(INCIDENTS, form, content_type="application/x-www-form-urlencoded")
    assert warning_of(response) == ""


def test_names_cannot_forge_headers_and_are_bounded(as_user):
    query = "&".join(f'a%0d%0aSet-Cookie: x=1"{"y" * 100}{number}' for number in range(3000))
    response = as_user.get(f"{INCIDENTS}?{query}")
    warning = warning_of(response)
    assert len(warning) < 250
    assert warning.isprintable()
    assert warning.count('"') - warning.count('\\"') == 2
    assert "Set-Cookie" not in response.headers


def test_body_of_a_request_that_needs_none_is_not_read(as_user):
    incident = make_incident()
    path = f"{INCIDENTS}{incident.pk}/?%00=1"
    assert warning_of(as_user.get(path)) == f'299 - "{PARAMETERS}?."'
    assert warning_of(as_user.post("/api/v1/auth/logout/", b"{", content_type="application/json")) == ""


def test_refusals_have_no_warning(as_user):
    assert "Warning" not in as_user.get(f"{INCIDENTS}999/?tag=1").headers
