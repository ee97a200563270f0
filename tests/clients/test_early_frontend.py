"""Requests of the early frontend (1.0.x), with their exact bodies and queries."""

import pytest

from tests.factories import INCIDENTS, PASSWORD, Client, make_incidents, make_user
from tests.tables import for_each

pytestmark = pytest.mark.once

ORIGIN = "https://argus.example.org"


@pytest.fixture
def frontend(db, settings):
    """Return a client that sends a token after the login, and no cookies."""
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    make_user("operator", first_name="Ada Augusta")
    client = Client(HTTP_ORIGIN=ORIGIN)
    response = client.post("/api/v1/token-auth/", {"username": "operator", "password": PASSWORD})
    assert response.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Token {response.json()['token']}", HTTP_ORIGIN=ORIGIN)
    return client


def test_login_and_user_name(frontend):
    user = frontend.get("/api/v1/auth/user/").json()

    assert user["first_name"].split(" ")[0] == "Ada"


def test_wrong_password_is_an_error(db):
    make_user("operator")

    assert Client().post("/api/v1/token-auth/", {"username": "operator", "password": "x"}).status_code == 400


@for_each(
    "path", ["/api/v1/token-auth/", INCIDENTS, f"{INCIDENTS}1/acks/", f"{INCIDENTS}1/ticket_url/", "/api/v1/auth/user/"]
)
@for_each("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_cors_preflight_is_allowed(frontend, path, method):
    response = frontend.options(
        path,
        HTTP_ORIGIN=ORIGIN,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=method,
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type",
    )

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert {"authorization", "content-type"} <= set(response["Access-Control-Allow-Headers"].split(", "))
    assert method in response["Access-Control-Allow-Methods"]


def test_responses_are_readable_by_the_frontend_only(frontend):
    assert frontend.get(INCIDENTS)["Access-Control-Allow-Origin"] == ORIGIN
    frontend.credentials(**frontend._credentials | {"HTTP_ORIGIN": "https://evil.example.org"})
    assert "Access-Control-Allow-Origin" not in frontend.get(INCIDENTS)


def test_expired_token_is_401_with_cors_headers(frontend):
    response = Client(HTTP_AUTHORIZATION=f"Token {'0' * 40}", HTTP_ORIGIN=ORIGIN).get(INCIDENTS)

    assert response.status_code == 401
    assert response["Access-Control-Allow-Origin"] == ORIGIN


def test_list_with_empty_filters_and_pages(frontend, as_source):
    incidents = make_incidents(12, as_source.source)
    newest_first = [incident.pk for incident in reversed(incidents)]

    first = frontend.get(f"{INCIDENTS}?acked=false&open=true&source__id__in=&tags=&page_size=10").json()
    second = frontend.get(first["next"]).json()

    assert [incident["pk"] for incident in first["results"]] == newest_first[:10]
    assert [incident["pk"] for incident in second["results"]] == newest_first[10:]
    assert (first["previous"], second["next"]) == (None, None)
    assert first["next"].startswith("http://testserver/api/v1/incidents/?")
    assert frontend.get(second["previous"]).json()["results"] == first["results"]


def test_list_by_source_and_tag(frontend, as_source, as_other_source, post_incident):
    mine = post_incident(tags=[{"tag": "host=a"}, {"tag": "room=B 101"}])
    post_incident(as_other_source, tags=[{"tag": "host=a"}])

    by_name = frontend.get(f"{INCIDENTS}?source__name__in=nav.example.org,other&tags=&page_size=25").json()
    by_tag = frontend.get(f"{INCIDENTS}?open=true&tags=host=a,room=B 101&page_size=25").json()
    by_pk = frontend.get(f"{INCIDENTS}?source__id__in={as_source.source.pk},0&tags=&page_size=25").json()

    assert by_name["results"] == by_tag["results"] == by_pk["results"] == [mine]


def test_sources_of_the_toolbar(frontend, as_source):
    (source,) = frontend.get(f"{INCIDENTS}metadata/").json()["sourceSystems"]

    assert (source["pk"], source["name"]) == (as_source.source.pk, "nav.example.org")


def test_acknowledge_close_and_reopen(frontend, post_incident):
    address = f"{INCIDENTS}{post_incident()['pk']}/"
    ack = {"event": {"description": "Looking", "timestamp": "2024-05-15T13:00:00.000Z"}, "expiration": None}

    assert frontend.post(f"{address}acks/", ack).json()["event"]["type"]["display"] == "Acknowledge"
    assert frontend.get(address).json()["acked"] is True
    ack["expiration"] = "2024-05-16T13:00:00.000Z"
    assert frontend.post(f"{address}acks/", ack).status_code == 201

    assert frontend.post(f"{address}events/", {"type": "CLO", "description": "Fixed"}).status_code == 201
    assert frontend.get(address).json()["open"] is False
    assert frontend.post(f"{address}events/", {"type": "REO"}).status_code == 201
    assert frontend.get(address).json()["end_time"] == "infinity"

    events, acks = frontend.get(f"{address}events/").json(), frontend.get(f"{address}acks/").json()
    assert sorted(event["type"]["value"] for event in events) == ["ACK", "ACK", "CLO", "REO", "STA"]
    assert {event["actor"]["username"] for event in events} == {"operator", "nav.example.org"}
    assert [ack["event"]["description"] for ack in acks] == ["Looking", "Looking"]


def test_ticket_is_set_and_cleared(frontend, post_incident):
    address = f"{INCIDENTS}{post_incident()['pk']}/ticket_url/"

    for url in ("https://tickets.example.org/1", ""):
        response = frontend.put(address, {"ticket_url": url})
        assert (response.status_code, response.json()) == (200, {"ticket_url": url})


def test_missing_incident_is_an_error(frontend):
    assert frontend.get(f"{INCIDENTS}999999/").status_code == 404


def test_phone_numbers(frontend):
    number = frontend.post("/api/v1/auth/phone-number/", {"phone_number": "+47 676 76 767"}).json()
    address = f"/api/v1/auth/phone-number/{number['pk']}/"

    assert number["phone_number"] == "+4767676767"
    assert frontend.put(address, {"phone_number": "+4722222222"}).json()["phone_number"] == "+4722222222"
    assert frontend.delete(address).status_code == 204
    assert frontend.get("/api/v1/auth/phone-number/").json() == []


def test_token_takes_precedence_over_an_admin_session(frontend, as_superuser):
    frontend.force_login(as_superuser.user)

    assert frontend.get("/api/v1/auth/user/").json()["username"] == "operator"


def test_cors_preflight_of_other_sites_is_refused(frontend):
    response = Client().options(
        INCIDENTS,
        HTTP_ORIGIN="https://evil.example.org",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type",
    )

    assert "Access-Control-Allow-Origin" not in response
    assert "Access-Control-Allow-Credentials" not in response


def test_login_methods_and_versions_of_the_newest_frontend(frontend):
    methods = frontend.get("/login-methods/").json()
    versions = frontend.get("/api/").json()

    assert [method["name"] for method in methods] == ["user_pw"]
    assert versions["server-version"]
    assert versions["api-version"]["stable"] == "v1"


def test_logout_deletes_the_token_and_the_provider_cookie(frontend):
    frontend.cookies["token"] = "0" * 40

    response = frontend.post("/api/v1/auth/logout/")

    assert (response.status_code, response.content) == (200, b"")
    assert response.cookies["token"]["max-age"] == 0
    assert frontend.get("/api/v1/auth/user/").status_code == 401
