"""Invalid values: 400 with the name of the field, and nothing is changed."""

import json

import pytest

from tests.bad_input.places import NEW_INCIDENT, PLACES, Place
from tests.tables import for_each

pytestmark = pytest.mark.once

NOT_TEXT = ["null", "true", "false", "[]", "{}", '["new"]', '{"name": ["new"]}', "[[[]]]", '{"new": null}']
BAD_TEXT = [r'"a\u0000b"', r'"\u0000"', r'"\ud800"', r'"a\udfffb"', r'"\udc00\ud800"']

TEXT = {
    "source_incident_id",
    "details_url",
    "description",
    "ticket_url",
    "name",
    "base_url",
    "username",
    "password",
    "phone_number",
    "type",
}
TIMES = {"start_time", "end_time", "timestamp", "expiration"}

NO_TIMES = [
    '""',
    '"now"',
    '"2024-05-15"',
    '"14:00"',
    '"2024-13-01T00:00:00Z"',
    '"2024-02-30T00:00:00Z"',
    '"2024-05-15T25:00:00Z"',
    '"2024-05-15T14:00:00+99:99"',
    '"2024-05-15T14:00:00 Europe/Oslo"',
    '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-12:00"',
    '"9999-12-31T23:59:59.9-00:01"',
    '"10000-01-01T00:00:00Z"',
    '"99999999999999999999-01-01T00:00:00Z"',
    '"-0001-01-01T00:00:00Z"',
    '"-infinity"',
    '"Infinity"',
    '"٢٠٢٤-05-15T14:00:00Z"',
    r'"2024-05-15T14:00:00Z\u0000"',
    r'"2024-05-15T14:00:00\ud800"',
    "0",
    "1715781600",
    "1e308",
    "9" * 4000,
    '"' + "9" * 100_000 + '"',
]

NO_TAGS = [
    "true",
    "0",
    '"a=b"',
    "{}",
    '{"tag": "a=b"}',
    "[null]",
    '["a=b"]',
    "[[]]",
    "[1]",
    "[true]",
    "[{}]",
    '[{"tag": null}]',
    '[{"tag": true}]',
    '[{"tag": 1}]',
    '[{"tag": []}]',
    '[{"tag": {"tag": "a=b"}}]',
    '[{"tag": ""}]',
    '[{"tag": "="}]',
    '[{"tag": "=b"}]',
    '[{"tag": "ab"}]',
    '[{"tag": "A=b"}]',
    '[{"tag": "a b=c"}]',
    '[{"tag": "å=b"}]',
    r'[{"tag": "a\u0000=b"}]',
    r'[{"tag": "a=\u0000"}]',
    r'[{"tag": "a=\ud800"}]',
    r'[{"\ud800": "a=b"}]',
    '[{"tag": "a=b"}, {"tag": "a"}]',
    "[" + ",".join('{"tag": "a=b"}' for _ in range(1001)) + "]",
]


def bodies(values, places=PLACES, names=TEXT):
    """Each of the places' fields with each of the values (in JSON), the rest as it should be."""
    for place in places:
        for name in place.fields:
            if name in names:
                for value in values:
                    rest = {key: fine for key, fine in place.body.items() if key != name}
                    yield place, name, (json.dumps(rest)[:-1] + ", " * bool(rest) + f'"{name}": {value}}}').encode()


def fails(assert_refused, values, names, places=PLACES) -> int:
    number = 0
    for place, name, content in bodies(values, places, names):
        answer = assert_refused(place, content)
        assert list(answer) == [name], (str(place), content[:200], answer)
        number += 1
    return number


def test_value_other_than_text_is_refused(assert_refused):
    assert fails(assert_refused, NOT_TEXT[:-1], TEXT - {"type"}) > 100


@pytest.mark.both
def test_text_that_databases_refuse_is_refused(assert_refused):
    assert fails(assert_refused, BAD_TEXT, TEXT) > 50


@pytest.mark.both
def test_invalid_time_is_refused(assert_refused):
    assert fails(assert_refused, ["true", "[]", "{}", *NO_TIMES], TIMES) > 100


def test_null_for_a_start_or_timestamp_is_refused(assert_refused):
    assert fails(assert_refused, ["null", '"infinity"'], {"start_time", "timestamp"}) == 6


@pytest.mark.parametrize("values", [NO_TAGS[:15], NO_TAGS[15:]], ids=["types", "contents"])
def test_invalid_list_of_tags_is_refused(assert_refused, values):
    assert fails(assert_refused, values, {"tags"}) == 3 * len(values)


def test_invalid_tag_is_reported_by_position(assert_refused):
    content = json.dumps({**NEW_INCIDENT, "tags": [{"tag": "a=b"}, {"tag": "A=b"}, {"tag": "c=d"}]})

    assert assert_refused(PLACES[0], content.encode())["tags"][::2] == [{}, {}]


@for_each("value", ["null", "true", "1", '"OTH"', '"x"', "[]", '["a"]', '[{"type": "ACK"}]'])
def test_invalid_event_of_an_acknowledgement_is_refused(assert_refused, value):
    assert fails(assert_refused, [value], {"event"}) == 1


@for_each(
    "name, value",
    [
        *(("type", value) for value in ("null", "true", "[]", "{}", '""', '"OTH"', '"STA"', '"XXX"', r'"\ud800"')),
        *(("timestamp", value) for value in ("true", "[]", "{}", *NO_TIMES)),
        *(("description", value) for value in (*NOT_TEXT, *BAD_TEXT)),
    ],
)
def test_event_of_an_acknowledgement_is_validated(assert_refused, name, value):
    (place,) = (place for place in PLACES if place.path.endswith("/acks/"))

    answer = assert_refused(place, f'{{"event": {{"{name}": {value}}}}}'.encode())

    assert list(answer) == ["event"]
    assert list(answer["event"]) == [name]


@for_each("value", ["null", "true", "0", "[]", "{}", '""', '"oth"', '"OTHER"', '"XXX"', r'"\u0000"'])
def test_invalid_event_type_is_refused(assert_refused, value):
    places = [place for place in PLACES if place.path.endswith("/events/")]

    assert fails(assert_refused, [value], {"type"}, places) == 1


@pytest.mark.parametrize(
    "value", ["null", "true", "1", "[]", "{}", '""', '"unknown"', '{"name": null}', '{"name": []}']
)
def test_source_with_unknown_type_is_refused(assert_refused, value):
    places = [place for place in PLACES if place.path.endswith("/sources/")]

    assert fails(assert_refused, [value], {"type"}, places) == 1


@pytest.mark.both
@for_each(
    "value", ["0", "-1", "true", "1.5", "1e300", "9" * 19, "9" * 400, '"x"', '"1x"', "[]", "{}", '""', r'"\ud800"']
)
def test_incident_for_unknown_source_is_refused(assert_refused, value):
    place = Place("POST", PLACES[0].path, "as_superuser", NEW_INCIDENT, ("source",))

    assert fails(assert_refused, [value], {"source"}, [place]) == 1


LONG = '"' + "x" * 100_000 + '"'


@pytest.mark.both
@pytest.mark.parametrize("name", ["source_incident_id", "name", "phone_number", "type"])
def test_over_long_text_is_refused(assert_refused, name):
    assert fails(assert_refused, [LONG], {name})


@pytest.mark.both
def test_an_over_long_name_of_an_account_is_refused(assert_refused):
    places = [place for place in PLACES if place.path.endswith("/sources/")]

    assert fails(assert_refused, [LONG], {"username"}, places) == 1


@pytest.mark.both
def test_over_long_addresses_are_refused(assert_refused):
    assert fails(assert_refused, ['"https://example.org/' + "x" * 5_000 + '"'], {"ticket_url", "base_url"}) == 5


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://example.org", "//example.org", "example.org", "https://", "https://a b", "x:"]
)
def test_ticket_url_must_be_http_or_https(assert_refused, url):
    assert fails(assert_refused, [json.dumps(url)], {"ticket_url", "base_url"}) == 5


@pytest.mark.both
@pytest.mark.parametrize("url", ["http://[", "//[x", "javascript:alert(1)", "https://[::1", "data:text/html,x"])
def test_links_to_details_can_be_shown(assert_refused, url):
    assert fails(assert_refused, [json.dumps(url)], {"details_url"}) == 3


@pytest.mark.parametrize(
    "key", ["pk", "acked", "end_time", "nonsense", "", r"\ud800", r"\u0000", "tags\\u0000", "x" * 999]
)
def test_a_patch_of_anything_else_names_each_key(assert_refused, key):
    (place,) = (place for place in PLACES if place.method == "PATCH" and "{incident}" in place.path)

    answer = assert_refused(place, f'{{"{key}": [], "details_url": "/y"}}'.encode())

    assert list(answer) == [json.loads(f'"{key}"')]
    assert all(isinstance(text, str) for text in answer.values())


def test_last_of_duplicate_keys_counts(send, assert_refused):
    (place,) = (place for place in PLACES if place.path.endswith("/source-types/"))

    assert list(assert_refused(place, b'{"name": "new", "name": []}')) == ["name"]
    assert send(place, b'{"name": [], "name": "new"}').json() == {"name": "new"}
