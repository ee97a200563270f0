"""Invalid URLs, queries, headers and methods: a 4xx with a message, never a server error."""

from base64 import urlsafe_b64encode

import pytest

from tests.bad_input.places import API, INCIDENTS, INVENTORY, PLACES, READ, watched_writes

pytestmark = pytest.mark.slow

LISTS = [INCIDENTS, f"{INCIDENTS}mine/", f"{INCIDENTS}open/", f"{INCIDENTS}open+unacked/"]
HISTORIES = [f"{INCIDENTS}{{incident}}/events/", f"{INCIDENTS}{{incident}}/acks/"]
PKS = ["0", "999999", "9" * 19, "9" * 20, "9" * 4000, "-1", "+1", "1.0", "x", "%00", "%ff", "%ed%a0%80", "٣", "%0a"]
NAMED = ["PK/", "PK/events/", "PK/acks/", "PK/events/1/", "{incident}/events/PK/", "{incident}/acks/PK/", "sources/PK/"]
NO_TIMES = [
    "now",
    "2024-05-15",
    "2024-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00",
    "10000-01-01T00:00:00Z",
    "-infinity",
    "%00",
    "9" * 3000,
]


@pytest.fixture
def ask(world):
    """GET as a superuser and return the answer, whose body is JSON."""

    def ask(path: str, **headers):
        response = world.as_superuser.get(path.format(**vars(world)), **headers)
        assert response.status_code < 500, response.content[:1000]
        if response.status_code != 301:
            assert response["Content-Type"] == "application/json"
        return response

    return ask


@pytest.mark.parametrize("pk", PKS)
def test_missing_objects_are_404(ask, pk):
    for path in [*(INCIDENTS + name for name in NAMED), f"{API}auth/users/PK/", f"{API}auth/phone-number/PK/"]:
        response = ask(path.replace("PK", pk))

        assert response.status_code == 404, path
        assert list(response.json()) == ["detail"]


@pytest.mark.parametrize("pk", PKS)
def test_missing_objects_cannot_be_changed(world, pk):
    with watched_writes() as writes:
        for place in PLACES:
            if "{" in place.path:
                path = place.path.replace("{incident}", pk).replace("{source}", pk).replace("{number}", pk)
                response = getattr(world.as_superuser, place.method.lower())(path, place.body)
                assert response.status_code == 404, (str(place), response.content[:1000])
                assert list(response.json()) == ["detail"]

    assert writes == []


@pytest.mark.parametrize(
    "path",
    ["v2/", "v2/incidents/", "v1/nope/", "v1/incidents/sources/heartbeat/", "v1/incidents/1/nope/", "v1//", "%00/"],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_unknown_urls_are_404(world, method, path):
    response = getattr(world.as_superuser, method)(f"/api/{path}", {})

    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"


def test_other_methods_are_405_and_change_nothing(world):
    served = {(place.method, place.path) for place in PLACES} | {("DELETE", f"{API}auth/phone-number/{{number}}/")}
    served |= {("DELETE", path) for path in READ if any(f"{{{name}}}" in path for name in INVENTORY)}

    with watched_writes() as writes:
        for path in {*READ, *(place.path for place in PLACES)}:
            for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "FROB"):
                if (method, path) not in served:
                    response = world.as_superuser.generic(method, path.format(**vars(world)), b"{}", "application/json")
                    assert response.status_code == 405, (method, path, response.content[:1000])
                    assert list(response.json()) == ["detail"]

    assert writes == []


def test_options_and_head_work_for_every_url(world):
    for path in READ:
        assert world.as_superuser.options(path.format(**vars(world))).status_code == 200, path
        assert world.as_superuser.head(path.format(**vars(world))).status_code == 200, path


def forged(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


CURSORS = [
    "x",
    "%00",
    "%ff",
    "%ed%a0%80",
    "å",
    "A" * 5000,
    "cD0yMDI0",
    "1",
    "None",
    forged("p=2024-05-15T14:00:00+00:00"),
    forged("p=2024-05-15T14:00:00%2B00:00&i=1"),
    forged("p=2024-05-15T14:00:00%2B00:00&i=1&r=2"),
    forged("p=2024-05-15T14:00:00%2B00:00&i=-1&r=0"),
    forged(f"p=2024-05-15T14:00:00%2B00:00&i={'9' * 20}&r=0"),
    forged(f"p=2024-05-15T14:00:00%2B00:00&i={'9' * 5000}&r=0"),
    forged("p=2024-05-15T14:00:00%2B00:00&i=x&r=0"),
    forged("p=tomorrow&i=1&r=0"),
    forged("p=0001-01-01T00:00:00%2B14:00&i=1&r=0"),
    forged("p=9999-12-31T23:59:59-14:00&i=1&r=1"),
    forged("p=99999-12-31&i=1&r=1"),
    forged("r=0&p=2024-05-15\x00&i=1"),
]


@pytest.mark.parametrize("cursor", CURSORS)
def test_invalid_cursors_are_404(ask, cursor):
    for path in LISTS + HISTORIES:
        response = ask(f"{path}?cursor={cursor}")
        assert response.status_code == 404, path
        assert list(response.json()) == ["detail"]


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00", "2024-05-15"])
@pytest.mark.parametrize("back", [0, 1])
def test_forged_valid_cursor_is_accepted(ask, edge, back):
    cursor = forged(f"p={edge.replace('+', '%2B')}&i={2**63 - 1}&r={back}")

    for path in LISTS + HISTORIES:
        body = ask(f"{path}?cursor={cursor}").json()
        for link in {body["next"], body["previous"]} - {None}:
            assert ask(link).status_code == 200


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1.5", "9" * 5000, "%00", "٣", "NaN", "1&page_size=x"])
def test_invalid_page_size_is_the_default(ask, size):
    for path in LISTS + HISTORIES:
        assert ask(f"{path}?page_size={size}").status_code == 200, path


BAD_QUERIES = {
    "acked": ["maybe", "1", "nul", "%00", "true,false", "٣", "x" * 3000],
    "open": ["maybe", "%00"],
    "stateful": ["maybe"],
    "end_time__isnull": ["0", "%00"],
    "tags": ["a", "=b", "a=", "A=b", "a=b,c", "a=b,c=", "a%20b=c", "%00=b", "a=%00", "a" * 3000],
    "source__id__in": ["x", "1,x", "-1", "1.0", "9" * 19, "9" * 4000, "1;2", "%00", "٣", "true"],
    "source__name__in": ["%00", "a,%00"],
    "source__type__in": ["%00"],
    "source_incident_id": ["%00", "a%00b"],
    "start_time__gte": NO_TIMES,
    "start_time__lte": ["infinity", *NO_TIMES],
    "end_time__gte": NO_TIMES,
    "end_time__lte": NO_TIMES,
}


@pytest.mark.parametrize("name", BAD_QUERIES)
def test_invalid_filter_is_400_under_its_name(ask, name):
    for value in BAD_QUERIES[name]:
        response = ask(f"{INCIDENTS}?{name}={value}")
        assert response.status_code == 400, value[:100]
        assert list(response.json()) == [name]


@pytest.mark.parametrize(
    "query",
    [
        "tags=" + ",".join(f"k{number}=v" for number in range(50)),
        "tags=" + ",".join(f"k=v{number}" for number in range(900)),
        "source__id__in=" + ",".join(map(str, range(900))),
        "source__name__in=" + ",".join(map(str, range(900))),
        "source_incident_id=" + "x" * 3000,
        "tags=a=%ed%a0%80",
        "source_incident_id=%ff%fe",
        "tags=&source__id__in=&acked=&open=&start_time__gte=&end_time__lte=&source_incident_id=",
        "tags=,,a=b,,&source__id__in=,,1,,",
        "nonsense=%00&%00=1&=&&&",
        "acked=true&acked=false",
        "start_time__gte=0001-01-01T00:00:00Z&start_time__lte=9999-12-31T23:59:59.999999",
        "end_time__gte=infinity&end_time__lte=infinity",
        "page_size=1&" + "&".join(f"f{number}=1" for number in range(900)),
    ],
    ids=lambda query: query[:30],
)
def test_unusual_queries_are_accepted(ask, query):
    for path in LISTS:
        assert ask(f"{path}?{query}").status_code == 200, path


def test_thousands_of_parameters_are_400(ask):
    for path in READ:
        assert list(ask(f"{path}?{'&'.join(f'f{number}=1' for number in range(5000))}").json()) == ["detail"], path


@pytest.mark.parametrize("name", ["xml", "html", "%00", "x" * 1000, "json%00"])
def test_an_unknown_format_is_404(ask, name):
    for path in READ:
        assert ask(f"{path}?format={name}").status_code == 404, path


@pytest.mark.parametrize("accept", ["application/xml", "nonsense", "a/b;q=x", "\xff", "/", "text/plain", "a" * 3000])
def test_an_unknown_accept_is_406(ask, accept):
    for path in READ:
        assert ask(path, HTTP_ACCEPT=accept).status_code == 406, path


@pytest.mark.parametrize("host", ["evil.example.org", "a b", "", "[::1", "127.0.0.1:x", "127.0.0.1, evil", "\xff"])
def test_unknown_host_is_400(ask, host):
    for path in [*READ, "/api/nope"]:
        response = ask(path, HTTP_HOST=host)
        assert response.status_code == 400, path
        assert list(response.json()) == ["detail"]


def test_get_without_final_slash_is_redirected(ask, world):
    for path in READ:
        assert ask(path[:-1] + "?page_size=1")["Location"] == path.format(**vars(world)) + "?page_size=1"


def test_post_without_final_slash_is_404(world):
    for place in PLACES:
        path = place.path[:-1].format(**vars(world))
        response = getattr(world, place.caller).generic(place.method, path, b"{}", "application/json")
        assert response.status_code == 404
        assert response.json() == {"detail": f"Not found. The final slash is missing: use {path}/"}
