"""The OpenAPI description: complete, free of warnings, and consistent with real responses."""

import json
import re
from io import StringIO

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from argus.inventory.deletion import delete_project
from argus.site.views import rendered_schema
from tests.alert.factories import ALERTS, report
from tests.factories import INCIDENTS, PASSWORD, incident_body, make_ack, make_event, make_incident, make_incidents
from tests.inventory.factories import make_project
from tests.notificationprofile.factories import API as PROFILES
from tests.notificationprofile.factories import make_line, make_profile

pytestmark = pytest.mark.once

SCHEMA = "/api/v1/schema/"
DOCS = "/api/v1/docs/"
# Where all unknown addresses below /api/ are answered.
NOWHERE = r"/^api/(?:[\s\S]*/)?$"
NEW_NUMBER = {"phone_number": "+4767676767"}


@pytest.fixture(scope="module")
def description() -> dict:
    return json.loads(APIClient(headers={"accept": "application/json"}).get(SCHEMA).content)


@pytest.fixture
def tell(description):
    """Make a request and return the answer, once it is found to be as described."""

    def ask(client, method: str, template: str, body=None, query: str = "", **path):
        response = getattr(client, method)(template.format(**path) + query, body)
        check(description, method, template, response)
        return response

    return ask


def check(description: dict, method: str, template: str, response) -> None:
    """Fail unless status, headers and body of the response are those that the operation announces."""
    announced = description["paths"][template][method]["responses"]
    assert str(response.status_code) in announced, (response.status_code, response.content)
    answer = resolved(description, announced[str(response.status_code)])
    assert {name.lower() for name in answer.get("headers", {})} & {"www-authenticate"} <= {
        name.lower() for name in response.headers
    }
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if "content" not in answer:
        assert content == b""
        return
    schema = {**answer["content"]["application/json"]["schema"], "components": description["components"]}
    Draft202012Validator(schema).validate(json.loads(content))


def resolved(description: dict, part: dict) -> dict:
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        description = description[step]
    return description


def addresses(patterns, prefix: str = ""):
    """Yield the path of every view below the patterns, in the form that OpenAPI uses."""
    for pattern in patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield f"/{path}"
        else:
            yield from addresses(pattern.url_patterns, path)


def operations(description: dict) -> list[dict]:
    return [operation for methods in description["paths"].values() for operation in methods.values()]


def test_description_is_valid_and_has_no_warnings():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_url_of_the_api_is_described(description):
    known = {path for path in addresses(get_resolver().url_patterns) if path.startswith("/api/")}

    assert {INCIDENTS, "/api/v1/token-auth/", "/api/customers/", "/api/customers/{uuid}/"} < known
    assert known - {SCHEMA, DOCS, NOWHERE} <= description["paths"].keys()


def test_every_operation_has_an_id_a_tag_and_a_summary(description):
    names = [operation["operationId"] for operation in operations(description)]
    headings = {tag["name"] for tag in description["tags"]}

    assert len(set(names)) == len(names)
    assert [name for name in names if re.search(r"_\d+$|_retrieve$", name)] == []
    assert {tag for operation in operations(description) for tag in operation["tags"]} == headings
    assert all(operation["summary"].endswith(".") for operation in operations(description))


def test_every_operation_describes_its_refusals(description):
    for operation in operations(description):
        expected = {"404", "406"}
        if "requestBody" in operation:
            expected |= {"400", "413", "415"}
        if operation["operationId"] not in {
            "create_token",
            "create_token_oidc",
            "log_out",
            "list_login_methods",
            "get_versions",
            "list_urls",
        }:
            expected |= {"401"}
        assert expected <= operation["responses"].keys(), operation["operationId"]


def test_examples_of_answers_are_as_described(description):
    shown = [
        (content["schema"], example["value"])
        for operation in operations(description)
        for response in operation["responses"].values()
        for content in resolved(description, response).get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]

    assert shown
    for schema, value in shown:
        Draft202012Validator({**schema, "components": description["components"]}).validate(value)


def test_incident_lists_describe_all_filters(description):
    parameters = description["paths"][INCIDENTS]["get"]["parameters"]
    mine = description["paths"][f"{INCIDENTS}mine/"]["get"]["parameters"]

    assert {parameter["name"] for parameter in parameters} - {parameter["name"] for parameter in mine} == {
        "source__id__in",
        "source__name__in",
        "source__type__in",
    }
    assert {parameter["name"] for parameter in mine} >= {"acked", "tags", "cursor", "page_size", "format"}
    assert all(parameter["description"] for parameter in parameters)


def test_login_needs_no_authentication_and_incidents_do(description):
    assert "security" not in description["paths"]["/api/v1/token-auth/"]["post"]
    assert description["paths"][INCIDENTS]["get"]["security"] == [{"token": []}, {"cookieAuth": []}]
    assert {} in description["paths"]["/api/v1/auth/logout/"]["post"]["security"]


def test_description_is_generated_once(monkeypatch):
    browser = Browser()
    first = browser.get(SCHEMA)
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)

    assert browser.get(SCHEMA).content == first.content
    assert first["Content-Type"].startswith("application/vnd.oai.openapi")


def test_description_is_available_as_json():
    assert json.loads(Browser().get(f"{SCHEMA}?format=json").content)["info"]["title"] == "Argus API"
    assert rendered_schema.cache_info().currsize <= 4


def test_docs_page_loads_only_from_this_server():
    response = Browser().get(DOCS)
    page = response.content.decode()

    assert response.status_code == 200
    assert re.findall(r"https?://[^\"'\s]+|[\"']//[^\"'\s]+", page) == []
    script, files = split_off_script(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert '"validatorUrl": null' in Browser().get(script).content.decode()
    assert len(files) >= 4
    assert all(file.startswith("/static/") and finders.find(file.removeprefix("/static/")) for file in files)


def split_off_script(files: list[str]) -> tuple[str, list[str]]:
    (script,) = (file for file in files if file.startswith(DOCS))
    return script, [file for file in files if file != script]


@pytest.mark.parametrize("query", ["", "?page_size=1", "?page_size=1&tags=object=1"])
def test_incident_pages_are_as_described(tell, as_user, query):
    make_incidents(3, tags=["object=1"], ticket_url="https://tickets.example.org/1")

    response = tell(as_user, "get", INCIDENTS, query=query)

    assert response.json()["results"]


@pytest.mark.parametrize("query", ["", "?page_size=1"])
@pytest.mark.parametrize("name", ["open/", "open+unacked/"])
def test_arrays_of_incidents_are_as_described(tell, as_user, name, query):
    make_incidents(3, tags=["object=1"])

    tell(as_user, "get", INCIDENTS + name, query=query)


def test_long_arrays_are_as_described(tell, as_user, monkeypatch):
    monkeypatch.setattr("argus.api.arrays.ROWS_PER_CHUNK", 2)
    monkeypatch.setattr("argus.api.arrays.MAX_ROWS", 4)
    make_incidents(5)

    assert "Link" in tell(as_user, "get", f"{INCIDENTS}open/").headers


@pytest.mark.parametrize("end_time", [None, "infinity", "2024-05-15T15:00:00.000001Z", "9000-01-01T00:00:00Z"])
def test_incident_is_as_described_from_its_creation_on(tell, as_source, end_time):
    created = tell(as_source, "post", INCIDENTS, incident_body(end_time=end_time)).json()
    tell(as_source, "post", f"{INCIDENTS}mine/", incident_body())
    tell(as_source, "get", f"{INCIDENTS}mine/")
    tell(as_source, "get", f"{INCIDENTS}{{pk}}/", pk=created["pk"])
    tell(as_source, "patch", f"{INCIDENTS}{{pk}}/", {"tags": [{"tag": "a=b"}]}, pk=created["pk"])
    ticket = {"ticket_url": "https://tickets.example.org/1"}
    tell(as_source, "put", f"{INCIDENTS}{{pk}}/ticket_url/", ticket, pk=created["pk"])


def test_requests_by_source_id_are_as_described(tell, as_source):
    path, known = f"{INCIDENTS}mine/by-source-id/{{source_incident_id}}/", {"source_incident_id": "a/b"}
    for body in ({}, {}, {"end_time": "2024-05-15T15:00:00Z"}, {"description": "Down", "end_time": "infinity"}):
        tell(as_source, "put", path, body, **known)
    for event_type in ("OTH", "END", "END"):
        tell(as_source, "post", f"{path}events/", {"type": event_type}, **known)


def test_events_are_as_described(tell, as_user):
    incident = make_incident()
    make_event(incident, "END")
    path = f"{INCIDENTS}{{pk}}/events/"

    event = tell(as_user, "post", path, {"type": "REO"}, pk=incident.pk).json()
    tell(as_user, "get", path, pk=incident.pk)
    tell(as_user, "get", path, pk=incident.pk, query="?page_size=2")
    tell(as_user, "get", f"{path}{{event_pk}}/", pk=incident.pk, event_pk=event["pk"])


def test_acks_are_as_described(tell, as_user):
    incident = make_incident()
    make_ack(incident)
    path = f"{INCIDENTS}{{pk}}/acks/"

    body = {"event": {"description": "mine"}, "expiration": "2999-01-01T00:00:00Z"}
    ack = tell(as_user, "post", path, body, pk=incident.pk).json()
    tell(as_user, "get", path, pk=incident.pk)
    tell(as_user, "get", path, pk=incident.pk, query="?page_size=1")
    tell(as_user, "get", f"{path}{{event_pk}}/", pk=incident.pk, event_pk=ack["pk"])


def test_sources_are_as_described(tell, as_superuser):
    tell(as_superuser, "post", f"{INCIDENTS}source-types/", {"name": "nav"})
    tell(as_superuser, "get", f"{INCIDENTS}source-types/")
    source = tell(as_superuser, "post", f"{INCIDENTS}sources/", {"name": "nav.example.org", "type": "nav"}).json()
    tell(as_superuser, "get", f"{INCIDENTS}sources/")
    tell(as_superuser, "get", f"{INCIDENTS}metadata/")
    for method, body in [("get", None), ("put", {"name": "a"}), ("patch", {"name": "b"})]:
        tell(as_superuser, method, f"{INCIDENTS}sources/{{pk}}/", body, pk=source["pk"])


def test_accounts_are_as_described(tell, as_user):
    numbers = "/api/v1/auth/phone-number/"
    number = tell(as_user, "post", numbers, NEW_NUMBER).json()
    tell(as_user, "get", numbers)
    tell(as_user, "get", "/api/v1/auth/user/")
    tell(as_user, "get", "/api/v1/auth/users/{pk}/", pk=as_user.user.pk)
    for method, body in [("get", None), ("put", NEW_NUMBER), ("patch", {}), ("delete", None)]:
        tell(as_user, method, f"{numbers}{{pk}}/", body, pk=number["pk"])


def test_notification_profiles_are_as_described(tell, as_user):
    make_incidents(2, tags=["a=b"])
    number = as_user.post("/api/v1/auth/phone-number/", NEW_NUMBER).json()
    hours = [{"days": [1, 2], "all_day": True}, {"days": [3], "start": "08:00", "end": "09:00"}]
    slot = everything_done(tell, as_user, f"{PROFILES}timeslots/", {"name": "Nights", "time_recurrences": hours})
    criteria = {"name": "Mine", "filter_string": '{"tags": ["a=b"]}'}
    one = everything_done(tell, as_user, f"{PROFILES}filters/", criteria)
    profile = {"timeslot": slot["pk"], "filters": [one["pk"]], "media": ["EM"], "phone_number": number["pk"]}
    everything_done(tell, as_user, PROFILES, profile)
    for query in ("", "?page_size=1"):
        tell(as_user, "get", f"{PROFILES}{{pk}}/incidents/", pk=slot["pk"], query=query)
        tell(as_user, "post", f"{PROFILES}filterpreview/", {"tags": ["a=b"]}, query=query)
    for body in ({}, {**profile, "filters": []}, profile):
        tell(as_user, "post", PROFILES, body)
    tell(as_user, "post", f"{PROFILES}timeslots/", {"name": "x", "time_recurrences": [*hours, {}]})
    tell(as_user, "post", f"{PROFILES}filterpreview/", {})


def everything_done(tell, client, path: str, body: dict) -> dict:
    """Create, list, show, replace, change, delete, and create again; return what is there in the end."""
    gone = tell(client, "post", path, body).json()
    tell(client, "get", path)
    for method, data in [("get", None), ("put", body), ("patch", {}), ("delete", None), ("get", None)]:
        tell(client, method, f"{path}{{pk}}/", data, pk=gone["pk"])
    return tell(client, "post", path, body).json()


def test_the_inventory_is_as_described(tell, as_superuser, as_user):
    def made(collection: str, **body) -> str:
        tell(as_superuser, "post", f"/api/{collection}/", {})
        answer = tell(as_superuser, "post", f"/api/{collection}/", body).json()
        tell(as_superuser, "get", f"/api/{collection}/", query="?page_size=1")
        tell(as_superuser, "get", f"/api/{collection}/{{uuid}}/", uuid=answer["uuid"])
        tell(as_user, "get", f"/api/{collection}/{{uuid}}/", uuid=answer["uuid"])
        made_before.append((collection, answer["uuid"]))
        return answer["url"]

    made_before = []
    customer = made("customers", name="Customer", abbreviation="CU")
    group = made("project-groups", name="Group", customer=customer)
    project = made("projects", name="Project", customer=customer, project_groups=[{"url": group}])
    lone, cloud = made("projects", name="Lone", customer=customer), made("clouds", name="Cloud", customer=customer)
    made("project-group-memberships", project_group=group, project=lone)
    membership = made("project-cloud-memberships", project=project, cloud=cloud)
    made("cloud-project-memberships", project=lone, cloud=cloud)
    made("instances", name="Instance", project=project, cloud_project_membership=membership)
    me = tell(as_superuser, "get", "/api/users/", query="?current").json()[0]
    tell(as_superuser, "get", "/api/users/{uuid}/", uuid=me["uuid"])
    made("customer-permissions", customer=customer, user=me["url"], role="owner")
    made("project-permissions", project=project, user=me["url"], role="admin")
    made("project-group-permissions", project_group=group, user=me["url"], role="manager")
    tell(as_user, "post", "/api/customers/", {})
    # The first is refused, since all the others hang on it; from the last one up, each can go.
    for collection, uuid in [made_before[0], *reversed(made_before)]:
        tell(as_superuser, "delete", f"/api/{collection}/{{uuid}}/", uuid=uuid)


def test_alerts_are_as_described(tell, as_superuser, as_user):
    scope, address = make_project(), "/api/alerts/{uuid}/"
    uuid = tell(as_superuser, "post", ALERTS, report(scope)).json()["uuid"]
    tell(as_superuser, "get", ALERTS, query="?opened&o=-severity")
    tell(as_superuser, "get", f"{ALERTS}stats/")
    for action in ("acknowledge", "acknowledge", "cancel_acknowledgment", "cancel_acknowledgment", "close"):
        tell(as_superuser, "post", f"{address}{action}/", uuid=uuid)
    shown = tell(as_superuser, "get", address, uuid=uuid).json()
    assert shown["closed"]
    delete_project(scope, actor=as_superuser.user)
    assert tell(as_superuser, "get", address, uuid=uuid).json()["scope"] is None
    for path in (ALERTS, f"{ALERTS}stats/"):
        assert tell(as_user, "get", path, query="?severity=x").status_code == 400
    assert tell(as_user, "post", ALERTS, {}).status_code == 403
    assert tell(as_user, "post", f"{address}close/", uuid=uuid).status_code == 403
    assert tell(as_user, "post", f"{address}acknowledge/", uuid=uuid).status_code == 404


@pytest.mark.parametrize("query", ["", "?page_size=1"])
def test_deliveries_are_as_described(tell, as_superuser, query):
    event, user = make_incident().events.get(), as_superuser.user
    for address in ("a@example.org", "b@example.org"):
        make_line(event, user, address=address)
    make_profile(user)

    path = f"{INCIDENTS}{{pk}}/events/{{event_pk}}/deliveries/"
    assert tell(as_superuser, "get", path, pk=event.incident_id, event_pk=event.pk, query=query).json()


@pytest.mark.parametrize("path", ["/api/v1/token-auth/", "/oidc/api-token-auth/"])
def test_tokens_come_and_go_as_described(tell, as_user, path):
    tell(as_user, "post", path, {"username": as_user.user.username, "password": PASSWORD})
    tell(as_user, "post", path, {"username": as_user.user.username, "password": "wrong"})
    tell(as_user, "post", path, {})
    tell(as_user, "post", "/api/v1/auth/logout/")


def test_refusals_are_as_described(tell, as_user, as_source, as_stranger):
    path = f"{INCIDENTS}{{pk}}/"
    incident = make_incident(tags=["a=b"])

    tell(as_stranger, "get", INCIDENTS)
    tell(as_stranger, "post", INCIDENTS, {})
    tell(as_source, "post", INCIDENTS, [])
    tell(as_source, "post", INCIDENTS, {"tags": [{"tag": "a=b"}, {"tag": "c"}, None]})
    tell(as_source, "post", INCIDENTS, incident_body(tags="a=b"))
    tell(as_source, "post", INCIDENTS, incident_body(source=1))
    tell(as_source, "patch", path, {"ticket_url": "https://example.org/"}, pk=incident.pk)
    tell(as_source, "post", f"{INCIDENTS}{{pk}}/acks/", {"event": {}}, pk=make_incident(as_source.source).pk)
    tell(as_user, "patch", path, {"pk": 1, "nonsense": 2, "tags": []}, pk=incident.pk)
    tell(as_user, "patch", path, {"tags": []}, pk=incident.pk)
    tell(as_user, "post", f"{INCIDENTS}sources/", {})
    tell(as_user, "get", path, pk=incident.pk + 1)
    for query in ("?cursor=nonsense", "?open=nonsense", "?tags=nonsense", "?format=nonsense"):
        tell(as_user, "get", INCIDENTS, query=query)


def test_refusals_of_a_form_or_a_size_are_as_described(description, as_source):
    requests = {
        406: {"HTTP_ACCEPT": "image/png", "data": "{}", "content_type": "application/json"},
        413: {"data": "x" * 300_000, "content_type": "application/json"},
        415: {"data": "a,b", "content_type": "text/csv"},
    }
    for status, request in requests.items():
        response = as_source.generic("POST", INCIDENTS, **request)

        assert response.status_code == status
        check(description, "post", INCIDENTS, response)


def test_html_is_described_for_every_response_with_content(description):
    for operation in operations(description):
        for status, response in operation["responses"].items():
            types = resolved(description, response).get("content", {"text/html": ""})
            assert ("text/html" in types) == (status not in {"406", "413", "429", "503"}) or not types, operation


def test_formats_accept_what_responses_contain(description):
    schemas = description["components"]["schemas"]
    for name, field, good, bad in [
        ("User", "email", ["", "a@example.org"], ["a"]),
        ("PublicUser", "email", ["", "a@example.org"], ["a"]),
        ("TimeRecurrence", "start", ["08:00", "08:00:00", "23:59:59.999999"], ["8", "24:00", "08:00:00+01:00"]),
    ]:
        validator = Draft202012Validator(schemas[name]["properties"][field], format_checker=FormatChecker())
        assert all(map(validator.is_valid, good)), name
        assert not any(map(validator.is_valid, bad)), name


def test_no_parameter_has_a_value_that_swagger_ui_would_fill_in(description):
    operations = [one for path in description["paths"].values() for one in path.values()]
    parameters = [parameter for one in operations for parameter in one.get("parameters", [])]

    assert len(parameters) > 50
    assert not [one["name"] for one in parameters if {"example", "examples", "default"} & {*one, *one["schema"]}]
