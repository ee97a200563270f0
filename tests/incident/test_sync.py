"""A source says what is open there: all of it, or one under its own id."""

import os

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.incident.models import Change, Event, Incident
from tests.factories import (
    INCIDENTS,
    incident_body,
    make_ack,
    make_client,
    make_event,
    make_incident,
    make_source,
    make_superuser,
    make_user,
)
from tests.parallel import at_once

OPEN_SET = f"{INCIDENTS}mine/open-set/"
NOTHING = {"created": [], "reopened": [], "updated": [], "closed": []}


def body(name, **values) -> dict:
    return {"source_incident_id": str(name), "start_time": "2024-05-15T14:00:00+02:00", **values}


@pytest.fixture
def put(as_source):
    """Tell what is open at the source, and return the ids of what had to be done."""

    def put_all(*bodies: dict) -> dict:
        response = as_source.put(OPEN_SET, {"incidents": list(bodies)})
        assert response.status_code == 200, response.content
        return {word: [one["source_incident_id"] for one in ones] for word, ones in response.json().items()}

    return put_all


def open_ids(source) -> set[str]:
    return set(Incident.objects.filter(source=source).open().values_list("source_incident_id", flat=True))


def types_of(name: str) -> list[str]:
    events = Event.objects.filter(incident__source_incident_id=name).order_by("pk")
    return list(events.values_list("type", flat=True))


def tags_of(name: str) -> set[str]:
    incident = Incident.objects.get(source_incident_id=name)
    return {str(relation) for relation in incident.tag_relations.select_related("tag")}


def test_what_is_new_is_opened_and_what_is_missing_is_closed(as_source, put):
    make_incident(as_source.source, source_incident_id="gone")
    make_incident(as_source.source, source_incident_id="stays")
    assert put(body("stays"), body("new")) == {**NOTHING, "created": ["new"], "closed": ["gone"]}
    assert open_ids(as_source.source) == {"stays", "new"}
    assert types_of("gone") == ["STA", "END"]


def test_the_same_list_again_changes_nothing_and_writes_no_event(as_source, put):
    bodies = [body(n, description=f"No. {n}", tags=[{"tag": f"n={n}"}], details_url=f"/{n}") for n in range(5)]
    put(*bodies)
    before = list(Event.objects.values_list("pk", flat=True))
    assert put(*reversed(bodies)) == NOTHING
    assert list(Event.objects.values_list("pk", flat=True)) == before


def test_closed_incidents_are_reopened_also_if_a_user_closed_them(as_source, put):
    by_person = make_incident(as_source.source, source_incident_id="by person")
    make_event(by_person, "CLO")
    put(body("by person"), body("by itself"))
    put()
    assert put(body("by person"), body("by itself")) == {**NOTHING, "reopened": ["by itself", "by person"]}
    assert types_of("by itself") == ["STA", "END", "REO"]
    assert types_of("by person") == ["STA", "CLO", "REO", "END", "REO"]


def test_an_incident_ends_once_and_is_closed_after_that(put):
    for _ in range(3):
        put(body("flapping"))
        put()
    assert types_of("flapping") == ["STA", "END", "REO", "CLO", "REO", "CLO"]


def test_changed_values_are_stored_without_an_event(as_source, put):
    put(body(1, description="Old.", tags=[{"tag": "a=1"}, {"tag": "b=1"}]))
    assert put(body(1, description="New.", tags=[{"tag": "b=1"}, {"tag": "c=1"}]))["updated"] == ["1"]
    assert Incident.objects.get().description == "New."
    assert tags_of("1") == {"b=1", "c=1"}
    assert types_of("1") == ["STA"]


def test_what_is_left_out_stays(as_source, put):
    put(body(1, description="Old.", details_url="/x", ticket_url="https://example.org/1", tags=[{"tag": "a=1"}]))
    assert put(body(1)) == NOTHING
    incident = Incident.objects.get()
    assert (incident.description, incident.details_url, incident.ticket_url) == ("Old.", "/x", "https://example.org/1")
    assert tags_of("1") == {"a=1"}


def test_tags_of_others_stay(as_source, put):
    put(body(1, tags=[{"tag": "a=1"}]))
    operator = make_client(make_user())
    pk = Incident.objects.get().pk
    operator.patch(f"{INCIDENTS}{pk}/", {"tags": [{"tag": "a=1"}, {"tag": "mine=1"}]})
    assert put(body(1, tags=[{"tag": "b=1"}]))["updated"] == ["1"]
    assert tags_of("1") == {"b=1", "mine=1"}
    assert put(body(1, tags=[{"tag": "b=1"}, {"tag": "mine=1"}])) == NOTHING


def test_a_tag_that_is_new_to_all_takes_none_off_that_another_incident_had(put):
    put(body(1, tags=[{"tag": "shared=1"}]), body(2, tags=[]))
    put(body(1, tags=[{"tag": "shared=1"}, {"tag": "never=seen"}]), body(2, tags=[{"tag": "shared=1"}]))
    assert tags_of("1") == {"shared=1", "never=seen"}
    assert tags_of("2") == {"shared=1"}


def test_the_start_and_an_ack_stay(as_source, put):
    put(body(1))
    incident = Incident.objects.get()
    make_ack(incident)
    assert put(body(1, start_time="2025-01-01T00:00:00Z")) == NOTHING
    again = Incident.objects.get()
    assert (again.start_time, again.acked) == (incident.start_time, True)


def test_an_incident_that_starts_tomorrow_is_not_closed_again_and_again(put):
    put(body(1, start_time="2999-01-01T00:00:00Z"))
    assert put()["closed"] == ["1"]
    assert put() == NOTHING
    assert types_of("1") == ["STA", "END"]


def test_other_sources_and_stateless_incidents_are_left_alone(as_source, put):
    foreign = make_incident(source_incident_id="foreign")
    stateless = make_incident(as_source.source, end_time=None, source_incident_id="stateless")
    assert put() == NOTHING
    foreign.refresh_from_db()
    stateless.refresh_from_db()
    assert foreign.open
    assert stateless.end_time is None


def test_each_changed_incident_has_one_change(as_source, put, sent):
    put(body("closes"), body("changes"), body("stays"))
    signals = sent(put, body("changes", description="New."), body("new"), body("stays"))
    assert [
        (one["incident"].source_incident_id, one["kind"], one["event"] and one["event"].type) for one in signals
    ] == [
        ("new", "created", "STA"),
        ("closes", "modified", "END"),
        ("changes", "modified", None),
    ]
    assert Change.objects.unrouted().count() == 5


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"start_time": "yesterday"}, "start_time"),
        ({"end_time": "2024-06-01T00:00:00Z"}, "end_time"),
        ({"end_time": None}, "end_time"),
        ({"tags": [{"tag": "nothing"}]}, "tags"),
        ({"details_url": "javascript:alert(1)"}, "details_url"),
        ({"ticket_url": "ftp://example.org"}, "ticket_url"),
        ({"source_incident_id": "twice"}, "source_incident_id"),
        ({"source_incident_id": "stateless"}, "source_incident_id"),
        ({"source_incident_id": ""}, "source_incident_id"),
    ],
)
def test_one_that_is_bad_refuses_the_whole_list_by_place_and_field(as_source, bad, field):
    make_incident(as_source.source, source_incident_id="open")
    make_incident(as_source.source, end_time=None, source_incident_id="stateless")
    response = as_source.put(OPEN_SET, {"incidents": [body("twice"), {**body("other"), **bad}]})
    assert response.status_code == 400
    first, second = response.json()["incidents"]
    assert (first, list(second)) == ({}, [field])
    assert open_ids(as_source.source) == {"open"}
    assert Event.objects.count() == 2


@pytest.mark.parametrize("content", [None, [], {}, {"incidents": None}, {"incidents": {}}, {"incidents": [None]}, 1])
def test_what_is_no_list_of_incidents_is_refused(as_source, content):
    make_incident(as_source.source)
    assert as_source.put(OPEN_SET, content).status_code == 400
    assert Incident.objects.open().count() == 1


def test_people_have_no_source(as_user):
    for client in (as_user, make_client(make_superuser())):
        assert client.put(OPEN_SET, {"incidents": []}).status_code == 400


def test_the_number_of_queries_does_not_grow(as_source):
    def queries_for(number: int) -> int:
        bodies = [body(n, tags=[{"tag": f"new={number}-{n}"}]) for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            for incidents in (bodies, [], bodies, [{**one, "tags": [], "description": "New."} for one in bodies]):
                assert as_source.put(OPEN_SET, {"incidents": incidents}).status_code == 200
        Incident.objects.all().delete()
        return len(queries)

    assert queries_for(2) == queries_for(60)


@pytest.mark.usefixtures("parallel_db")
def test_lists_at_once_leave_one_of_them():
    source = make_source()
    make_client(source.user).put(OPEN_SET, {"incidents": [body(n) for n in range(10)]})
    lists = [[body(n, tags=[{"tag": f"n={n}"}]) for n in range(start, start + 10)] for start in (0, 3, 6, 9)]
    answers = at_once(*[lambda list_=list_: put_list(source, list_) for list_ in lists])
    assert [answer.status_code for answer in answers] == [200] * 4
    assert open_ids(source) in [{one["source_incident_id"] for one in list_} for list_ in lists]


@pytest.mark.usefixtures("parallel_db")
def test_a_list_beside_single_posts_of_the_same_ids_leaves_the_list():
    source, names = make_source(), range(8)

    def post_all():
        client = make_client(source.user)
        return [client.post(INCIDENTS, incident_body(source_incident_id=str(n), tags=[])).status_code for n in names]

    answer, statuses = at_once(lambda: put_list(source, [body(n) for n in names]), post_all)
    assert answer.status_code == 200
    assert set(statuses) <= {201, 400}
    assert open_ids(source) == {str(n) for n in names}
    assert Event.objects.filter(type="STA").count() == len(names)


def put_list(source, bodies: list[dict]):
    return make_client(source.user).put(OPEN_SET, {"incidents": bodies})


class TestBySourceId:
    """``PUT mine/by-source-id/<id>/``"""

    def put(self, client, name: str, **values):
        content = {"start_time": "2024-05-15T14:00:00+02:00", **values}
        return client.put(f"{INCIDENTS}mine/by-source-id/{name}/", content)

    def test_it_creates_updates_and_reopens_and_says_which(self, as_source):
        created = self.put(as_source, "7", description="Down.")
        assert (created.status_code, created.json()["result"]) == (201, "created")
        assert created.json()["incident"] == as_source.get(f"{INCIDENTS}{created.json()['incident']['pk']}/").json()
        assert self.put(as_source, "7", description="Down.").json()["result"] == "unchanged"
        updated = self.put(as_source, "7", description="Still down.")
        assert (updated.status_code, updated.json()["result"]) == (200, "updated")
        make_event(Incident.objects.get(), "END")
        reopened = self.put(as_source, "7", description="Down again.").json()
        assert reopened["result"] == "reopened"
        assert (reopened["incident"]["open"], reopened["incident"]["description"]) == (True, "Down again.")
        assert Incident.objects.count() == 1

    def test_others_stay_open(self, as_source):
        make_incident(as_source.source, source_incident_id="other")
        self.put(as_source, "7")
        assert open_ids(as_source.source) == {"other", "7"}

    @pytest.mark.parametrize("name", ["a/b", "100%25", "%C3%A6", "a b"])
    def test_ids_may_be_anything(self, as_source, name):
        response = self.put(as_source, name)
        assert response.status_code == 201
        assert self.put(as_source, name).json()["result"] == "unchanged"

    def test_an_id_in_the_body_must_be_the_same(self, as_source):
        assert self.put(as_source, "7", source_incident_id=7).status_code == 201
        response = self.put(as_source, "7", source_incident_id="8")
        assert response.status_code == 400
        assert list(response.json()) == ["source_incident_id"]

    @pytest.mark.parametrize(
        ("bad", "field"),
        [
            ({"start_time": 1}, "start_time"),
            ({"end_time": None}, "end_time"),
            ({"details_url": "data:x"}, "details_url"),
        ],
    )
    def test_bad_values_are_refused_by_field(self, as_source, bad, field):
        response = self.put(as_source, "7", **bad)
        assert response.status_code == 400
        assert list(response.json()) == [field]
        assert not Incident.objects.exists()

    @pytest.mark.parametrize("content", [None, [], 1, "x"])
    def test_what_is_no_object_is_refused(self, as_source, content):
        assert as_source.put(f"{INCIDENTS}mine/by-source-id/7/", content).status_code == 400

    @pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite has one writer at a time")
    @pytest.mark.usefixtures("parallel_db")
    def test_of_many_at_once_one_creates(self):
        source = make_source()
        answers = at_once(*[lambda: self.put(make_client(source.user), "7") for _ in range(8)])
        assert sorted(answer.json()["result"] for answer in answers) == ["created", *["unchanged"] * 7]
