"""What one request may cost: refused bodies are cheap, lists are bounded, and responses list a hundred errors.

The bounds are numbers of calls of Python functions and of bytes, which do not depend on the machine. The benchmark
``cost`` measures the seconds.
"""

import json
import sys
import tracemalloc
import unicodedata
from dataclasses import dataclass
from itertools import chain

import pytest

from argus.api.errors import MAX_ERRORS, limit_errors
from argus.incident.api.v1.serializers import MAX_REQUEST_TAGS
from argus.incident.models import Incident
from tests.factories import INCIDENTS, incident_body, make_incidents, make_source
from tests.inventory.factories import make_customer

pytestmark = pytest.mark.once

BULK, OPEN_SET, FILTERS = f"{INCIDENTS}bulk/", f"{INCIDENTS}mine/open-set/", "/api/v1/notificationprofiles/filters/"
BODY_SIZE = 8 * 1024 * 1024
# About 0.1 s, and a body of 8 MiB in several copies.
MAX_CALLS, MAX_MEMORY = 500_000, 100 * 1024 * 1024
BAD_TAG = {"tag": "bad"}
# Normalizing such characters takes quadratic time.
COMBINING = "a" + "\u0300\u0327" * 30_000


@dataclass
class Cost:
    """Calls of Python functions."""

    calls: int = 0

    def count(self, frame, event, argument) -> None:
        self.calls += event == "call"


def cost_of(request):
    """Return the response and the number of calls."""
    cost = Cost()
    sys.setprofile(cost.count)
    try:
        response = request()
    finally:
        sys.setprofile(None)
    return response, cost.calls


def repeated(element: str) -> bytes:
    """A list in JSON that fills 8 MiB."""
    number = (BODY_SIZE - 100) // (len(element) + 1)
    return f'{{"incidents":[{",".join([element] * number)}]}}'.encode()


def incidents(number: int, **values) -> bytes:
    return json.dumps({"incidents": [incident_body(**values) for _ in range(number)]}).encode()


DEEP = "[" * 900 + "]" * 900
LARGE_BODIES = {
    "numbers": repeated("0"),
    "objects": repeated("{}"),
    "texts": repeated('"ab"'),
    "deep lists": repeated(DEEP),
    "names": f"{{{','.join(f'{chr(34)}{number:x}{chr(34)}:0' for number in range(700_000))}}}".encode(),
    "escaped quotes": repeated('"' + r"\"," * 100 + '"'),
    "tags": incidents(1000, tags=[BAD_TAG] * 500),
}


@pytest.mark.parametrize("name", LARGE_BODIES)
def test_a_large_refused_body_is_cheap(as_source, name):
    method, path = [("POST", BULK), ("PUT", OPEN_SET)][[*LARGE_BODIES].index(name) % 2]
    as_source.generic(method, path)
    tracemalloc.start()
    response, calls = cost_of(lambda: as_source.generic(method, path, LARGE_BODIES[name], "application/json"))
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert response.status_code == 400
    assert len(response.content) < 1000
    assert calls < 20_000
    assert memory < MAX_MEMORY
    assert not Incident.objects.exists()


@pytest.mark.parametrize(("method", "path"), [("POST", INCIDENTS), ("POST", BULK), ("PUT", OPEN_SET)])
def test_permission_comes_before_the_body(as_user, method, path):
    for body in (LARGE_BODIES["numbers"] if path != INCIDENTS else b"[0]", b"{", b'{"incidents": [{}]}'):
        response = as_user.generic(method, path, body, "application/json")
        assert response.status_code == 400
        assert len(response.json()) == 1
        assert "no source" in response.json()[0]


def test_a_request_has_at_most_twenty_thousand_tags(as_source):
    for method, path in (("POST", BULK), ("PUT", OPEN_SET)):
        body = incidents(21, tags=[BAD_TAG] * (MAX_REQUEST_TAGS // 20))
        response, calls = cost_of(lambda: as_source.generic(method, path, body, "application/json"))  # noqa: B023
        assert response.status_code == 400
        assert response.json() == {"incidents": ["A request has at most 20000 tags; this one has 21000."]}
        assert calls < 20_000


# The dearest body of each list field, with the field that the response names.
LONG_LISTS = [
    ("as_source", INCIDENTS, {**incident_body(), "tags": [BAD_TAG] * 15_000}, "tags"),
    ("as_source", BULK, {"incidents": [{}] * 1_001}, "incidents"),
    ("as_user", f"{INCIDENTS}events/bulk/", {"ids": ["x"] * 60_000, "event": {"type": "OTH"}}, "ids"),
    ("as_user", f"{INCIDENTS}acks/bulk/", {"ids": ["x"] * 60_000, "ack": {}}, "ids"),
    ("as_user", f"{INCIDENTS}ticket_url/bulk/", {"ids": ["x"] * 60_000, "ticket_url": ""}, "ids"),
    (
        "as_user",
        "/api/v1/notificationprofiles/",
        {"timeslot": 1, "media": ["EM"], "filters": ["x"] * 60_000},
        "filters",
    ),
    ("as_user", "/api/v1/notificationprofiles/", {"timeslot": 1, "media": ["x"] * 60_000, "filters": [1]}, "media"),
    ("as_user", "/api/v1/notificationprofiles/timeslots/", {"name": "a", "time_recurrences": [{}] * 60_000}, None),
    (
        "as_user",
        "/api/v1/notificationprofiles/timeslots/",
        {"name": "a", "time_recurrences": [{"days": ["x"] * 60_000}]},
        "time_recurrences",
    ),
    ("as_superuser", "/api/projects/", {"name": "a", "project_groups": [{"url": ""}] * 15_000}, "project_groups"),
]


@pytest.mark.parametrize(("caller", "path", "body", "field"), LONG_LISTS)
def test_the_length_of_a_list_is_checked_before_its_elements(request, caller, path, body, field):
    client = request.getfixturevalue(caller)
    response, calls = cost_of(lambda: client.post(path, body))
    assert response.status_code == 400
    assert (field or "time_recurrences") in response.json()
    # Encoding the body in the test client is a part of them.
    assert calls < 50_000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", BULK, {"incidents": [{}] * 1000}),
        ("POST", BULK, {"incidents": [incident_body(tags=[BAD_TAG] * 20)] * 200}),
        ("PUT", OPEN_SET, {"incidents": [{}] * 10_000}),
        ("PUT", OPEN_SET, {"incidents": [incident_body(tags=[BAD_TAG] * 200)] * 20}),
        ("POST", INCIDENTS, incident_body(tags=[BAD_TAG] * 1000)),
    ],
)
def test_a_hundred_errors_are_listed_and_the_others_counted(as_source, method, path, body):
    content = json.dumps(body).encode()
    response, calls = cost_of(lambda: as_source.generic(method, path, content, "application/json"))
    texts = [text for text in messages_of(response.json()) if "listed" not in text]
    assert len(texts) == MAX_ERRORS or path == BULK
    assert len(texts) <= MAX_ERRORS
    assert "listed" in response.content.decode()
    assert len(response.content) < 150_000
    assert calls < MAX_CALLS


def messages_of(answer) -> list[str]:
    """Return all texts below ``errors`` of results, or of a refusal."""
    if isinstance(answer, dict):
        if "status" in answer:
            answer = answer["errors"]
        return list(chain.from_iterable(map(messages_of, answer.values())))
    return list(chain.from_iterable(map(messages_of, answer))) if isinstance(answer, list) else [answer]


def test_bulk_results_keep_the_status_of_each_incident(as_source):
    good = incident_body()
    response = as_source.post(BULK, {"incidents": [*[{}] * 200, good]})
    results = response.json()["results"]
    assert [one["status"] for one in results] == ["invalid"] * 200 + ["created"]
    assert list(results[0]["errors"]) == ["tags", "source_incident_id", "start_time"] or len(results[0]["errors"]) == 3
    assert results[199]["errors"] == {
        "non_field_errors": ["3 errors, which are not listed: a response lists at most 100."]
    }


def test_few_errors_are_listed_as_they_are():
    errors = {"tags": [{}, {"tag": ["Bad."]}, {}]}
    assert limit_errors(errors) is errors


def test_many_errors_end_with_the_last_that_is_listed():
    errors = {"name": ["Missing."], "tags": [{}, *[{"tag": ["Bad."]}] * 150], "text": ["Missing."]}
    assert limit_errors(errors) == {
        "name": ["Missing."],
        "tags": [{}, *[{"tag": ["Bad."]}] * 99],
        "non_field_errors": ["Only the first 100 of 152 errors are listed."],
    }


@pytest.mark.parametrize(
    ("caller", "path", "body"),
    [
        ("as_stranger", "/api/v1/token-auth/", {"username": COMBINING, "password": "x"}),
        ("as_source", INCIDENTS, incident_body(details_url=f"https://{COMBINING}/")),
        ("as_source", INCIDENTS, incident_body(details_url=f"/\t/{COMBINING}/")),
        ("as_source", INCIDENTS, incident_body(ticket_url=f"https://{COMBINING[:1900]}/")),
        ("as_superuser", f"{INCIDENTS}sources/", {"name": "a", "type": "nav", "base_url": f"//{COMBINING}"}),
        ("as_superuser", f"{INCIDENTS}sources/", {"name": "a", "type": "nav", "username": COMBINING}),
        ("as_superuser", "/api/alerts/", {"scope": f"//{COMBINING}", "severity": "Info", "message": "m"}),
        ("as_superuser", "/api/clouds/", {"name": "a", "customer": "", "auth_url": f"https://{COMBINING}"}),
    ],
)
def test_no_long_text_is_normalized(request, monkeypatch, caller, path, body):
    lengths, normalize = [0], unicodedata.normalize

    def counting(form: str, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text[:1000])

    monkeypatch.setattr(unicodedata, "normalize", counting)
    assert request.getfixturevalue(caller).post(path, body).status_code == 400
    assert max(lengths) < 1000


@pytest.mark.parametrize(
    "query",
    [
        "tags=" + ",".join(f"k{number}=v" for number in range(51)),
        "tags=" + ",".join(f"k=v{number}" for number in range(1001)),
        "source__id__in=" + ",".join(map(str, range(1001))),
        "source__name__in=" + ",".join(map(str, range(1001))),
        "source__type__in=" + ",".join(map(str, range(1001))),
    ],
    ids=lambda query: query[:20],
)
def test_filters_have_a_bounded_number_of_values(as_user, query):
    response = as_user.get(f"{INCIDENTS}?{query}")
    assert response.status_code == 400
    assert list(response.json()) == [query.partition("=")[0]]


def test_a_description_for_many_incidents_is_bounded(as_user):
    incident, description = make_incidents(1)[0], "x" * 10_001
    for path, body in (
        ("events", {"event": {"type": "OTH", "description": description}}),
        ("acks", {"ack": {"description": description}}),
        ("acks", {"ack": {"event": {"description": description}}}),
    ):
        response = as_user.post(f"{INCIDENTS}{path}/bulk/", {"ids": [incident.pk], **body})
        assert response.status_code == 400
        assert "10000 characters" in response.content.decode()


def test_a_project_starts_in_a_bounded_number_of_groups(as_superuser):
    customer = make_customer()
    link = {"url": f"/api/project-groups/{'0' * 32}/"}
    body = {"name": "new", "customer": f"/api/customers/{customer.uuid.hex}/", "project_groups": [link] * 501}
    response = as_superuser.post("/api/projects/", body)
    assert response.json() == {
        "project_groups": {"non_field_errors": ["Ensure this field has no more than 500 elements."]}
    }


def test_the_largest_open_set_is_accepted(as_source):
    """As many incidents, tags and values as the documentation promises."""
    bodies = [
        incident_body(source_incident_id=str(number), description='"a", {b} [c]', tags=[{"tag": "a=b"}, {"tag": "c=d"}])
        for number in range(10_000)
    ]
    content = json.dumps({"incidents": [*bodies[:-1], {}]}).encode()
    response, calls = cost_of(lambda: as_source.generic("PUT", OPEN_SET, content, "application/json"))
    # Only the last one is refused.
    assert [bool(errors) for errors in response.json()["incidents"]] == [*[False] * 9_999, True]
    assert calls < 1_000_000


def test_sources_are_looked_up_once(as_superuser, django_assert_max_num_queries):
    source = make_source()
    with django_assert_max_num_queries(20):
        as_superuser.post(BULK, {"incidents": [incident_body(source=source.pk, tags=[BAD_TAG])] * 1000})


def test_links_to_pages_of_a_long_query_are_left_out(as_user):
    response = as_user.get(f"/api/alerts/?alert_type={'x' * 10_000}")
    assert response.status_code == 200
    assert "Link" not in response.headers
