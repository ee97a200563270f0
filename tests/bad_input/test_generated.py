"""Thousands of generated requests: never a server error, never an answer that is not described, never half a change.

The strategies know the API: most requests are nearly right, with one or a few things wrong, so that they get past the
first check and to the next. Each request meets the same small world: what it changes is rolled back.
"""

import json
from urllib.parse import quote

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.bad_input.places import INVENTORY, PLACES, READ, all_rows, watched_writes
from tests.site.test_schema import check

pytestmark = pytest.mark.slow

SLICES = 4
EXAMPLES = 300

ODD = ["", " ", "\x00", "\ud800", "\udfff\ud800", "infinity", "null", "=", "a=b", "\u202e", "٣", "\U0010ffff"]
odd_text = st.sampled_from(ODD)
text = st.one_of(odd_text, st.text(st.characters(exclude_categories=[]), max_size=20), st.just("x" * 3000))
years = st.sampled_from(["0000", "0001", "1899", "2024", "2038", "9999", "10000"])
times = st.builds(
    "{}-{}T{}{}{}".format,
    years,
    st.sampled_from(["01-01", "02-29", "02-30", "10-27", "12-31", "13-01"]),
    st.sampled_from(["00:00", "02:30:00", "23:59:59", "23:59:59.999999", "24:00:00", "1:2"]),
    st.sampled_from(["", ".1234567", " "]),
    st.sampled_from(["", "Z", "+02:00", "-14:00", "+14:00", "+99:99", "+0200"]),
)
numbers = st.one_of(st.integers(), st.sampled_from([0, -1, 2**31, 2**63 - 1, 2**63, 10**400, 1e308, -0.0, 1.5]))
tag_keys = st.sampled_from(["a", "key_1", "A", "", " a", "å"])
tags = st.builds("{}{}{}".format, tag_keys, st.sampled_from(["=", "", "=="]), text)
scalars = st.one_of(st.none(), st.booleans(), numbers, text, times, tags)
keys = st.sampled_from(["tag", "name", "type"]) | text
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
links = st.builds(
    "{}/api/{}/{}/".format,
    st.sampled_from(["", "http://testserver", "https://elsewhere:1", "//x", "http://["]),
    st.sampled_from(["customers", "projects", "project-groups", "clouds", "project-cloud-memberships", "users", "x"]),
    st.sampled_from([*INVENTORY.values(), "x", ""]) | text,
)
# What each field takes, mostly.
likely = {
    **dict.fromkeys(("customer", "project", "cloud", "project_group", "cloud_project_membership", "user"), links),
    "project_groups": st.lists(st.fixed_dictionaries({"url": links | values}) | values, max_size=4),
    "role": st.sampled_from(["owner", "admin", "manager", "Owner"]),
    "tags": st.lists(st.fixed_dictionaries({"tag": tags}) | values, max_size=4),
    "event": st.fixed_dictionaries(
        {},
        optional={"type": st.just("ACK") | values, "timestamp": times | values, "description": text | values},
    ),
    "type": st.sampled_from(["STA", "END", "CLO", "REO", "ACK", "OTH", "nav"]),
    "source": numbers,
    **dict.fromkeys(("start_time", "end_time", "timestamp", "expiration"), times),
    **dict.fromkeys(
        ("ticket_url", "details_url", "base_url"),
        st.builds("{}{}".format, st.sampled_from(["https://example.org/", "//", "http://[", "javascript:", "?"]), text),
    ),
    "phone_number": st.sampled_from(["+47 67676767", "+4767676767", "67676767", "+1 650-253-0000"]),
}
filters = st.sampled_from(
    [
        "acked open stateful tags source__id__in source__name__in source__type__in source_incident_id start_time__gte",
        "start_time__lte end_time__gte end_time__lte end_time__isnull cursor page page_size current format nonsense",
    ]
).flatmap(lambda names: st.sampled_from(names.split()))
CALLERS = ["as_source", "as_superuser", "as_user", "as_stranger"]


@st.composite
def bodies(draw, place):
    """A body that is fine, with a few of its fields exchanged, left out or added."""
    body = dict(place.body)
    names = st.sampled_from(sorted({*place.fields, "source", "pk"})) | text
    for name in draw(st.lists(names, max_size=3)):
        if draw(st.integers(0, 9)) == 0:
            body.pop(name, None)
        else:
            body[name] = draw(likely.get(name, text) | values)
    return body


@st.composite
def queries(draw):
    value = st.one_of(tags, times, text, numbers.map(str), st.sampled_from(["true", "False", "1,2", "a,,b"]))
    pairs = draw(st.lists(st.tuples(filters, value), max_size=4))
    return "&".join(f"{name}={quote(value.encode(errors='surrogatepass'))}" for name, value in pairs)


def as_form(body) -> bytes:
    if not isinstance(body, dict):
        return str(body).encode(errors="surrogatepass")
    pairs = ((name, value) for name, value in body.items())
    return "&".join(f"{quote_all(name)}={quote_all(value)}" for name, value in pairs).encode()


def quote_all(value) -> str:
    return quote(str(value).encode(errors="surrogatepass"))


@st.composite
def requests(draw):
    """(caller, method, template of the path, path, content, content type)"""
    caller = draw(st.sampled_from(CALLERS))
    if draw(st.booleans()):
        template = draw(st.sampled_from(READ))
        return caller, "GET", template, f"{template}?{draw(queries())}", b"", "application/json"
    place = draw(st.sampled_from(PLACES))
    caller = draw(st.sampled_from([place.caller, place.caller, caller]))
    body = draw(st.one_of(bodies(place), bodies(place), bodies(place), values))
    if draw(st.integers(0, 4)) == 0:
        return caller, place.method, place.path, place.path, as_form(body), "application/x-www-form-urlencoded"
    content = json.dumps(body).encode()
    return caller, place.method, place.path, place.path, content, "application/json"


@pytest.fixture(scope="module")
def description():
    return json.loads(APIClient(headers={"accept": "application/json"}).get("/api/v1/schema/").content)


def template_in(description: dict, path: str) -> str:
    """The path as the description spells it: pks are named pk, or event_pk if they are the second."""
    for name in ("{event}", "{ack}"):
        path = path.replace(name, "{event_pk}")
    for name in ("{incident}", "{source}", "{user}", "{number}"):
        path = path.replace(name, "{pk}")
    for name in INVENTORY:
        path = path.replace(f"{{{name}}}", "{uuid}")
    assert path in description["paths"]
    return path


@pytest.mark.parametrize("number", range(SLICES))
def test_no_generated_request_is_a_server_error_or_half_a_change(world, description, number):
    before = all_rows()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(request=requests())
    def try_one(request):
        caller, method, template, path, content, content_type = request
        note(f"{caller}: {method} {path}\n{content[:2000]!r}")
        with transaction.atomic(), watched_writes() as writes:
            client = getattr(world, caller)
            response = client.generic(method, path.format(**vars(world)), content, content_type)
            assert response.status_code < 500, response.content[:1000]
            if response.status_code >= 400:
                assert not writes or all_rows() == before
            if not response["Content-Type"].startswith("text/html"):
                check(description, method.lower(), template_in(description, template), response)
            transaction.set_rollback(True)

    if settings.default.derandomize:
        try_one = seed(number)(try_one)
    try_one()
