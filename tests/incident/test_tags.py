"""Tags: their words, and that each is stored once."""

from contextlib import suppress
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from argus.incident.criteria import Criteria
from argus.incident.models import Incident, IncidentTagRelation, Tag
from argus.incident.queries import filter_by_criteria
from argus.incident.tags import add_tags, split_tag
from argus.util.errors import DomainError
from tests.factories import INCIDENTS, incident_body, make_incident, make_incidents, make_source

VALUES = [
    "",
    " ",
    "a b",
    "Netbox 4",
    "=",
    "a=b=c",
    "ÆØÅ æøå",
    "猫",
    "🐈",
    "\u202eabc",
    "a,b",
    "'; --",
    "%s",
    "\\",
    "\n",
]


def with_tags(asked: dict[str, list[str]]):
    pairs = [(key, value) for key, values in asked.items() for value in values]
    return filter_by_criteria(Incident.objects.all(), [Criteria.of(tags=pairs)])


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("key=value", ("key", "value")),
        ("  key \t=value", ("key", "value")),
        ("key= value ", ("key", " value ")),
        ("key=", ("key", "")),
        ("key=a=b", ("key", "a=b")),
        ("key==", ("key", "=")),
        ("0_a9=1", ("0_a9", "1")),
        ("_=1", ("_", "1")),
    ],
)
def test_the_first_equals_sign_divides_and_blanks_around_the_key_are_dropped(text, pair):
    assert split_tag(text) == pair


@pytest.mark.parametrize(
    "text", ["", "key", "=", "=value", " =value", "Key=1", "ke-y=1", "ke y=1", "kéy=1", "key\n2=1", "٣=1", "\uff41=1"]
)
def test_a_key_is_made_of_lower_case_letters_digits_and_underscores(text):
    with pytest.raises(DomainError) as caught:
        split_tag(text)
    assert caught.value.field == "tag"


@given(st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True), st.text())
def test_every_good_key_and_every_value_come_back_as_they_were(key, value):
    assert split_tag(f" {key}\t={value}") == (key, value)


@given(st.text())
def test_no_text_does_worse_than_being_refused(text):
    with suppress(DomainError):
        key, value = split_tag(text)
        assert text.endswith(f"={value}")
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


@pytest.mark.django_db
@pytest.mark.parametrize("value", VALUES)
def test_any_value_comes_back_over_rest_and_is_found(as_user, post_incident, value):
    posted = post_incident(tags=[{"tag": f"key={value}"}])
    assert [tag["tag"] for tag in posted["tags"]] == [f"key={value}"]
    shown = as_user.get(f"/api/v1/incidents/{posted['pk']}/").json()
    assert shown == posted
    assert with_tags({"key": [value]}).exists()


@pytest.mark.django_db
def test_very_long_keys_and_values_are_kept_and_found(as_source, post_incident):
    long_key, long_value = "k" * 10_000, "v" * 100_000
    posted = post_incident(tags=[{"tag": f"{long_key}={long_value}"}, {"tag": f"{long_key}={long_value}!"}])
    assert [tag["tag"] for tag in posted["tags"]] == [f"{long_key}={long_value}", f"{long_key}={long_value}!"]
    assert with_tags({long_key: [long_value]}).exists()
    assert not with_tags({long_key: [long_value[1:]]}).exists()


@pytest.mark.django_db
def test_tags_that_differ_only_in_case_or_blanks_are_different():
    make_incident(tags=["a=b", "a=B", "a= b", "a=b "])
    assert Tag.objects.count() == 4


@pytest.mark.django_db
def test_known_tags_cost_one_query_and_new_ones_three_however_many():
    pairs = [("a", str(number)) for number in range(50)]
    incidents = make_incidents(2)
    counts = []
    for incident in incidents:
        with CaptureQueriesContext(connection) as queries:
            add_tags(incident, pairs, actor=incident.source.user)
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
    assert Tag.objects.count() == 50
    assert counts == [3, 1]


@pytest.mark.django_db
def test_a_thousand_tags_are_taken_and_one_more_is_not(as_source):
    tags = [{"tag": f"k{number}=1"} for number in range(1_000)]
    assert as_source.post("/api/v1/incidents/", incident_body(tags=tags)).status_code == 201
    answer = as_source.post("/api/v1/incidents/", incident_body(tags=[*tags, {"tag": "a=b"}]))
    assert answer.status_code == 400
    assert set(answer.json()) == {"tags"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "ABC"),
        ({"place": ["oslo"]}, "AB"),
        ({"place": ["oslo", "bergen"]}, "ABC"),
        ({"place": ["oslo"], "kind": ["down"]}, "A"),
        ({"place": ["oslo", "bergen"], "kind": ["down", "slow"]}, "ABC"),
        ({"place": ["bergen"], "kind": ["slow"]}, ""),
        ({"place": ["trondheim"]}, ""),
        ({"place": ["oslo", "trondheim"]}, "AB"),
        ({"place": ["oslo"], "kind": ["unknown"]}, ""),
        ({"place": ["oslo"], "unknown": ["x"]}, ""),
        ({"plac": ["e=oslo"]}, ""),
        ({"both": ["1"]}, "C"),
        ({"both": ["1", "2"]}, "C"),
    ],
)
def test_one_of_the_values_of_each_key_is_asked_for(asked, found):
    source = make_source()
    make_incident(source, description="A", tags=["place=oslo", "kind=down"])
    make_incident(source, description="B", tags=["place=oslo", "kind=slow"])
    make_incident(source, description="C", tags=["place=bergen", "kind=down", "both=1", "both=2"])
    names = with_tags(asked).order_by("description").values_list("description", flat=True)
    assert "".join(names) == found


@pytest.mark.django_db
def test_tags_of_several_people_are_shown_with_who_added_them_and_when(as_user, post_incident):
    incident = post_incident(tags=[{"tag": "a=b"}])
    answer = as_user.patch(f"/api/v1/incidents/{incident['pk']}/", {"tags": [{"tag": "c=d"}, {"tag": "a=b"}]})
    first, second = answer.json()["tags"]
    assert first == incident["tags"][0]
    assert (second["tag"], second["added_by"]) == ("c=d", as_user.user.pk)
    assert datetime.fromisoformat(first["added_time"]) <= datetime.fromisoformat(second["added_time"])


@pytest.mark.django_db
def test_what_puts_a_tag_on_an_incident_knows_when_that_started(as_source, as_user, post_incident):
    incident = post_incident(tags=[{"tag": "a=b"}])
    as_user.patch(f"/api/v1/incidents/{incident['pk']}/", {"tags": [{"tag": "c=d"}, {"tag": "a=b"}]})
    others = [incident_body(source_incident_id=name, start_time=f"2024-05-1{name}T10:00:00.5Z") for name in "123"]
    as_source.post(f"{INCIDENTS}bulk/", {"incidents": others})
    relations = IncidentTagRelation.objects.select_related("incident")
    assert relations.filter(incident_id=incident["pk"]).count() == 2
    assert len({relation.start_time for relation in relations}) == 4
    assert all(relation.start_time == relation.incident.start_time for relation in relations)
