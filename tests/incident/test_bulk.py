"""New incidents by the hundred, in one request."""

from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.incident.models import Change, Event, Incident, Tag
from tests.factories import INCIDENTS, incident_body, make_client, make_incident, make_source
from tests.parallel import at_once

BULK = f"{INCIDENTS}bulk/"


def bodies(number: int, **overrides) -> list[dict]:
    return [incident_body(source_incident_id=f"bulk-{n}", **overrides) for n in range(number)]


@pytest.fixture
def post(as_source):
    """Post the incidents as the source, and return their results."""

    def post_all(incidents: list, client=None) -> list[dict]:
        response = (client or as_source).post(BULK, {"incidents": incidents})
        assert response.status_code == 200, response.content
        return response.json()["results"]

    return post_all


def shown(client, pk: int) -> dict:
    """The incident as clients see it, without what tells it from its twin."""
    incident = client.get(f"{INCIDENTS}{pk}/").json()
    for tag in incident["tags"]:
        del tag["added_time"]
    return {name: value for name, value in incident.items() if name not in {"pk", "source_incident_id"}}


def test_each_is_created_and_told_of_in_order(post):
    results = post(bodies(3))
    assert [result["status"] for result in results] == ["created"] * 3
    stored = [Incident.objects.get(pk=result["pk"]).source_incident_id for result in results]
    assert stored == ["bulk-0", "bulk-1", "bulk-2"]


def test_an_incident_is_the_same_as_one_that_was_posted_alone(as_source, post, post_incident):
    values = {
        "tags": [{"tag": "b=2"}, {"tag": "a=1"}, {"tag": "b=2"}],
        "description": "50 % lost",
        "end_time": "infinity",
    }
    alone = post_incident(source_incident_id="alone", details_url="/x", **values)
    (result,) = post([incident_body(source_incident_id="bulk", details_url="/x", **values)])
    assert shown(as_source, result["pk"]) == shown(as_source, alone["pk"])
    (one, other) = (
        Event.objects.values("type", "actor", "timestamp", "description").get(incident=pk)
        for pk in (alone["pk"], result["pk"])
    )
    assert one == other


def test_one_that_the_source_has_posted_before_exists_and_stays_as_it_is(as_source, post):
    known = make_incident(as_source.source, source_incident_id="bulk-1", description="First words.", tags=["a=1"])
    results = post(bodies(3, description="Other words."))
    assert [result["status"] for result in results] == ["created", "exists", "created"]
    assert results[1]["pk"] == known.pk
    known.refresh_from_db()
    assert known.description == "First words."
    assert known.events.count() == 1


def test_the_second_of_two_with_the_same_id_exists(post):
    first, second = post([incident_body(source_incident_id="same", description=text) for text in ("One.", "Two.")])
    assert (first["status"], second["status"]) == ("created", "exists")
    assert first["pk"] == second["pk"]
    assert Incident.objects.get().description == "One."


def test_the_whole_list_again_changes_nothing(post):
    first = post(bodies(5))
    again = post(bodies(5))
    assert [result["pk"] for result in again] == [result["pk"] for result in first]
    assert {result["status"] for result in again} == {"exists"}
    assert Event.objects.count() == Change.objects.unrouted().count() == 5


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"start_time": "yesterday"}, "start_time"),
        ({"tags": [{"tag": "no value"}]}, "tags"),
        ({"end_time": "1999-01-01T00:00:00Z"}, "end_time"),
        ({"details_url": "javascript:alert(1)"}, "details_url"),
        ({"ticket_url": "ftp://example.org"}, "ticket_url"),
        ({"source_incident_id": ""}, "source_incident_id"),
        ({"source_incident_id": "\0"}, "source_incident_id"),
        ({"source": 1}, "source"),
    ],
)
def test_a_bad_one_is_invalid_by_field_and_does_not_stop_the_others(post, bad, field):
    one, other, third = post([*bodies(1), incident_body(**bad), incident_body(source_incident_id="last")])
    assert (one["status"], third["status"]) == ("created", "created")
    assert other["status"] == "invalid"
    assert list(other["errors"]) == [field]
    assert Incident.objects.count() == 2


@pytest.mark.parametrize("thing", [None, 1, "text", [], [[]], True])
def test_what_is_no_object_is_invalid(post, thing):
    (result, good) = post([thing, *bodies(1)])
    assert result["status"] == "invalid"
    assert list(result["errors"]) == ["non_field_errors"]
    assert good["status"] == "created"


@pytest.mark.parametrize(
    "body", [{}, [], None, 1, {"incidents": None}, {"incidents": {}}, {"incidents": "x"}, {"incidents": [1] * 1001}]
)
def test_what_is_no_list_of_at_most_a_thousand_is_refused(as_source, body):
    response = as_source.post(BULK, body)
    assert response.status_code == 400
    assert response.json()


def test_an_empty_list_has_no_results(post):
    assert post([]) == []


def test_forms_are_not_taken(as_source):
    assert as_source.post(BULK, {"incidents": "[]"}, format="multipart").status_code == 415


def test_user_without_a_source_is_refused_before_the_list_is_read(as_user):
    for incidents in (bodies(2), 7):
        response = as_user.post(BULK, {"incidents": incidents})
        assert response.status_code == 400
        assert response.json() == ["This account has no source system, so it cannot post incidents."]


def test_a_superuser_posts_for_many_sources(as_superuser, post):
    one, other = make_source(), make_source()
    results = post(
        [incident_body(source=source.pk, source_incident_id="7") for source in (one, other, one)], as_superuser
    )
    assert [result["status"] for result in results] == ["created", "created", "exists"]
    assert [Incident.objects.get(pk=result["pk"]).source for result in results] == [one, other, one]


def test_each_incident_has_a_change_as_if_it_were_posted_alone(post, sent):
    signals = sent(post, bodies(3, tags=[{"tag": "a=1"}]))
    assert [(one["incident"].source_incident_id, one["event"].type, one["created"]) for one in signals] == [
        (f"bulk-{n}", "STA", True) for n in range(3)
    ]
    assert Change.objects.unrouted().count() == 3


def test_the_number_of_queries_does_not_grow(as_source):
    def queries_for(number: int) -> int:
        list_ = [
            incident_body(
                source_incident_id=f"{number}-{n}", tags=[{"tag": f"new{number}=x"}, {"tag": f"n={number}-{n}"}]
            )
            for n in range(number)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert as_source.post(BULK, {"incidents": list_}).status_code == 200
        return len(queries)

    assert queries_for(2) == queries_for(60)


def test_a_thousand_fit_into_one_request(post):
    results = post(bodies(1000, tags=[{"tag": f"key{n}=value"} for n in range(5)]))
    assert {result["status"] for result in results} == {"created"}
    assert Tag.objects.count() == 5


def test_a_list_may_be_longer_than_other_bodies(as_source, settings):
    settings.ARGUS_MAX_BODY_SIZE = 2_000
    settings.ARGUS_BODY_SIZES = {BULK: 10_000}
    long = incident_body(description="x" * 3_000)
    assert as_source.post(INCIDENTS, long).status_code == 413
    assert as_source.post(BULK, {"incidents": [long]}).status_code == 200
    assert as_source.post(BULK, {"incidents": [long] * 4}).status_code == 413


def test_the_same_list_many_times_at_once_is_taken_in_once(parallel_db):
    source = make_source()
    lists = [bodies(20, tags=[{"tag": f"t{n}=1"} for n in range(5)]) for _ in range(4)]
    for list_ in lists[::2]:
        list_.reverse()

    clients = [make_client(source.user) for _ in lists]
    calls = [partial(one.post, BULK, {"incidents": list_}) for one, list_ in zip(clients, lists, strict=True)]

    answers = at_once(*calls)
    assert [answer.status_code for answer in answers] == [200] * 4
    statuses = [result["status"] for answer in answers for result in answer.json()["results"]]
    assert sorted(statuses) == ["created"] * 20 + ["exists"] * 60
    assert Incident.objects.count() == Event.objects.count() == Change.objects.unrouted().count() == 20
