"""Criteria of saved filters: ``Criteria.match`` and the database give the same results."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus.incident.criteria import Criteria, parse_criteria, read_criteria
from argus.incident.models import Incident
from argus.incident.queries import filter_by_criteria
from argus.util.errors import DomainError
from tests.factories import make_incident, make_source

KEYS, VALUES = ("a", "b", "c"), ("", "1", "2")
PAIRS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4)

# Numbers of sources; the last one does not exist.
FILTERS = st.lists(st.tuples(st.sets(st.integers(0, 2), max_size=2), PAIRS), max_size=3)


@pytest.mark.django_db
@pytest.mark.parametrize("max_joins", [1, 4])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worn=st.lists(st.tuples(st.integers(0, 1), PAIRS), max_size=5), asked=FILTERS)
def test_database_and_match_agree(db, max_joins, worn, asked):
    Incident.objects.all().delete()
    sources = [make_source(), make_source()]
    pks = [*(source.pk for source in sources), 10**9]
    filters = [Criteria.of(source_ids=[pks[n] for n in numbers], tags=pairs) for numbers, pairs in asked]
    expected = set()
    for number, pairs in worn:
        incident = make_incident(sources[number], tags=[f"{key}={value}" for key, value in pairs])
        tags: dict[str, set[str]] = {}
        for key, value in pairs:
            tags.setdefault(key, set()).add(value)
        if any(one.match(source_id=incident.source_id, tags=tags) for one in filters):
            expected.add(incident.pk)
    assert (
        set(filter_by_criteria(Incident.objects.all(), filters, max_joins=max_joins).values_list("pk", flat=True))
        == expected
    )


@pytest.mark.django_db
def test_tags_of_many_filters_are_looked_up_by_one_query():
    filters = [Criteria.of(tags=[("a", str(n)), ("b", str(n))]) for n in range(20)]
    with CaptureQueriesContext(connection) as queries:
        list(filter_by_criteria(Incident.objects.all(), filters))
    assert len(queries) <= 2


@pytest.mark.django_db
def test_fifty_keys_are_not_fifty_joins():
    pairs = [(f"key{n}", "value") for n in range(50)]
    incident = make_incident(tags=[f"{key}={value}" for key, value in pairs])
    found = filter_by_criteria(Incident.objects.all(), [Criteria.of(tags=pairs)])
    assert list(found) == [incident]
    assert str(found.query).count("EXISTS") <= 4


def test_empty_criteria_match_everything():
    assert Criteria().match(source_id=1, tags={})
    assert Criteria.of(source_ids=[], tags=[]).match(source_id=1, tags={"a": {"b"}})


@pytest.mark.parametrize(
    ("data", "source_ids", "tags"),
    [
        ({"sourceSystemIds": [1, 2, 1], "tags": ["a=b", "a=c", " d =e=f"]}, {1, 2}, {"a": {"b", "c"}, "d": {"e=f"}}),
        ({"sourceSystemIds": [7]}, {7}, {}),
        ({"tags": ["a="]}, set(), {"a": {""}}),
        ({"sourceSystemIds": [], "tags": []}, set(), {}),
    ],
)
def test_filter_is_parsed(data, source_ids, tags):
    for read in (parse_criteria(data), read_criteria(json.dumps(data))):
        assert read.source_ids == source_ids
        assert read.tags == tags


BAD = [
    *(None, 1, "x", [], True),
    {},
    {"unknown": []},
    {"tags": [], "x" * 500: 1},
    *({"tags": bad} for bad in (None, "a=b", {}, [1], [None], ["a"], ["A=b"], ["=b"], [["a=b"]])),
    *({"tags": [bad]} for bad in ("a=\0", "a=\ud800")),
    *({"sourceSystemIds": bad} for bad in (None, 1, "1", ["1"], [True], [1.0], [-1], [2**63], [[1]], [None])),
]


@pytest.mark.parametrize("data", BAD, ids=lambda data: ascii(data)[:50])
def test_invalid_filter_is_refused_with_a_short_message(data):
    with pytest.raises(DomainError) as caught:
        parse_criteria(data)
    assert len(caught.value.message) < 300
    with pytest.raises(DomainError) as caught:
        read_criteria(json.dumps(data))
    assert caught.value.field == "filter_string"


@pytest.mark.parametrize("text", ["", "x", "{", "[" * 100_000, "NaN", "\0"])
def test_invalid_json_is_refused(text):
    with pytest.raises(DomainError) as caught:
        read_criteria(text)
    assert caught.value.field == "filter_string"
