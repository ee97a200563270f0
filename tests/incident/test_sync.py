"""A source says what is open there: all of it, or one under its own id."""

import os
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from argus.incident.models import Change, Event, Incident
from tests.factories import (
    INCIDENTS,
    NOON,
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
LATER = "2024-05-15T14:00:00Z"
# Ids as sources use them; blanks around them are dropped, as in a POST.
IDS = ["a/b", "/a//b/", "a.b/../c", "100%", "%2F", "æ ∀😀", " a b ", "a?b#c&d=e;f+g", "a\nb", "0", "x" * 2000]
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
    client = make_client(source.user)

    def post_all():
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

    @pytest.mark.parametrize("name", IDS)
    def test_ids_may_be_anything(self, as_source, name):
        response = self.put(as_source, quote(name))
        assert (response.status_code, response.json()["incident"]["source_incident_id"]) == (201, name.strip())
        assert self.put(as_source, quote(name)).json()["result"] == "unchanged"

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
            ({"end_time": "soon"}, "end_time"),
            ({"details_url": "data:x"}, "details_url"),
        ],
    )
    def test_bad_values_are_refused_by_field(self, as_source, bad, field):
        response = self.put(as_source, "7", **bad)
        assert response.status_code == 400
        assert list(response.json()) == [field]
        assert not Incident.objects.exists()

    @pytest.mark.parametrize("content", ["null", "[]", "1", '"x"'])
    def test_what_is_no_object_is_refused(self, as_source, content):
        path = f"{INCIDENTS}mine/by-source-id/7/"
        assert as_source.generic("PUT", path, content, content_type="application/json").status_code == 400

    def test_an_end_closes_the_incident_once(self, as_source):
        self.put(as_source, "7", description="Down.")
        closed = self.put(as_source, "7", end_time=LATER, description="Up.")
        assert (closed.status_code, closed.json()["result"]) == (200, "closed")
        shown = closed.json()["incident"]
        assert (shown["end_time"], shown["open"], shown["description"]) == ("2024-05-15T16:00:00+02:00", False, "Up.")
        for end_time in (LATER, "2024-05-15T20:00:00Z"):
            again = self.put(as_source, "7", end_time=end_time)
            assert (again.json()["result"], again.json()["incident"]) == ("unchanged", shown)
        assert types_of("7") == ["STA", "END"]
        assert self.put(as_source, "7").json()["result"] == "reopened"
        assert self.put(as_source, "7", end_time=LATER).json()["result"] == "closed"
        assert types_of("7") == ["STA", "END", "REO", "CLO"]

    def test_an_end_before_the_start_ends_the_incident_at_its_start(self, as_source):
        for name in ("known", "new"):
            if name == "known":
                self.put(as_source, name)
            shown = self.put(as_source, name, end_time="2024-05-15T11:59:59Z").json()["incident"]
            assert (shown["start_time"], shown["end_time"]) == ("2024-05-15T14:00:00+02:00",) * 2
        event = Event.objects.get(type="END")
        assert (event.incident.source_incident_id, event.timestamp) == ("known", NOON - timedelta(seconds=1))

    def test_an_unknown_incident_can_be_created_closed(self, as_source):
        response = self.put(as_source, "7", end_time=LATER)
        assert (response.status_code, response.json()["result"]) == (201, "created")
        assert response.json()["incident"]["end_time"] == "2024-05-15T16:00:00+02:00"
        assert self.put(as_source, "7", end_time=LATER).json()["result"] == "unchanged"
        assert as_source.put(f"{INCIDENTS}mine/by-source-id/8/", {"end_time": LATER}).status_code == 201
        assert Incident.objects.get(source_incident_id="8").start_time == NOON + timedelta(hours=2)

    def test_a_planned_end_is_stored_once_and_can_be_moved(self, as_source):
        ends = ["2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2998-01-01T00:00:00Z", LATER]
        results = [self.put(as_source, "7", end_time=end).json()["result"] for end in ["infinity", *ends]]
        assert results == ["created", "closed", "unchanged", "closed", "closed"]
        assert types_of("7") == ["STA", "END", "CLO", "CLO"]

    def test_a_stateless_incident_cannot_be_ended(self, as_source):
        make_incident(as_source.source, source_incident_id="7", end_time=None)
        response = self.put(as_source, "7", end_time=LATER)
        assert (response.status_code, list(response.json())) == (400, ["source_incident_id"])

    def test_nothing_but_the_id_is_needed(self, as_source):
        path, before = f"{INCIDENTS}mine/by-source-id/7/", timezone.now()
        shown = as_source.put(path).json()["incident"]
        assert before <= datetime.fromisoformat(shown["start_time"]) <= timezone.now()
        assert (shown["open"], shown["description"], shown["tags"]) == (True, "", [])
        form = "description=Disk+full&tags[0]tag=host%3Ddb1&tags[1]tag=disk%3D/var"
        answer = as_source.put(path, form, content_type="application/x-www-form-urlencoded").json()
        assert answer["result"] == "updated"
        assert answer["incident"]["description"] == "Disk full"
        assert {tag["tag"] for tag in answer["incident"]["tags"]} == {"host=db1", "disk=/var"}
        answer = as_source.put(path, "description=Disk+full", content_type="application/x-www-form-urlencoded").json()
        assert (answer["result"], len(answer["incident"]["tags"])) == ("unchanged", 2)

    @pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite has one writer at a time")
    @pytest.mark.usefixtures("parallel_db")
    def test_of_many_at_once_one_creates(self):
        source = make_source()
        clients = [make_client(source.user) for _ in range(8)]
        answers = at_once(*[lambda client=client: self.put(client, "7") for client in clients])
        assert sorted(answer.json()["result"] for answer in answers) == ["created", *["unchanged"] * 7]


class TestEventsBySourceId:
    """``POST mine/by-source-id/<id>/events/``"""

    def post(self, client, name: str, **values):
        return client.post(f"{INCIDENTS}mine/by-source-id/{quote(name)}/events/", {"type": "END", **values})

    @pytest.mark.parametrize("name", IDS)
    def test_an_incident_of_any_id_is_ended_now(self, as_source, name):
        incident = make_incident(as_source.source, source_incident_id=name.strip())
        answer = self.post(as_source, name)
        assert (answer.status_code, answer.json()["incident"]) == (201, incident.pk)
        incident.refresh_from_db()
        assert incident.end_time == datetime.fromisoformat(answer.json()["timestamp"])
        assert abs(timezone.now() - incident.end_time) < timedelta(minutes=10)

    def test_an_id_may_end_like_the_url(self, as_source):
        path = f"{INCIDENTS}mine/by-source-id/7/events/"
        assert as_source.put(path).json()["incident"]["source_incident_id"] == "7/events"
        assert self.post(as_source, "7").status_code == 404
        assert self.post(as_source, "7/events").status_code == 201

    def test_an_end_can_be_repeated(self, as_source):
        make_incident(as_source.source, source_incident_id="7")
        first, second = self.post(as_source, "7"), self.post(as_source, "7", timestamp=LATER)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert types_of("7") == ["STA", "END"]

    def test_each_end_after_a_reopening_closes_the_incident(self, as_source):
        incident = make_incident(as_source.source, source_incident_id="7")
        for statuses in ((201, 200), (201, 200), (201, 200)):
            assert tuple(self.post(as_source, "7").status_code for _ in range(2)) == statuses
            make_event(incident, "REO")
        assert types_of("7") == ["STA", "END", "REO", "CLO", "REO", "CLO", "REO"]

    def test_an_end_before_the_start_ends_the_incident_at_its_start(self, as_source):
        incident = make_incident(as_source.source, source_incident_id="7")
        for type_ in ("END", "CLO"):
            answer = self.post(as_source, "7", timestamp="2024-05-15T11:59:59Z")
            assert (answer.status_code, answer.json()["type"]["value"]) == (201, type_)
            assert answer.json()["timestamp"] == "2024-05-15T13:59:59+02:00"
            incident.refresh_from_db()
            assert incident.end_time == NOON
            make_event(incident, "REO")

    def test_remarks_are_recorded_each_time(self, as_source):
        make_incident(as_source.source, source_incident_id="7")
        for _ in range(2):
            assert self.post(as_source, "7", type="OTH", description="Still.").status_code == 201
        assert types_of("7") == ["STA", "OTH", "OTH"]

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            *(({"type": type_}, "type") for type_ in ("STA", "CLO", "REO", "ACK", "", None)),
            ({"timestamp": 1}, "timestamp"),
        ],
    )
    def test_other_events_are_refused_by_field(self, as_source, values, field):
        make_incident(as_source.source, source_incident_id="7")
        answer = self.post(as_source, "7", **values)
        assert (answer.status_code, list(answer.json())) == (400, [field])
        assert types_of("7") == ["STA"]

    def test_a_repeated_key_returns_the_first_response(self, as_source):
        make_incident(as_source.source, source_incident_id="7")
        path, body = f"{INCIDENTS}mine/by-source-id/7/events/", {"type": "OTH"}
        answers = [as_source.post(path, body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert types_of("7") == ["STA", "OTH"]

    def test_ids_of_other_sources_and_invalid_ones_are_unknown(self, as_source, as_user):
        make_incident(source_incident_id="foreign")
        assert self.post(as_source, "foreign").status_code == 404
        assert self.post(as_user, "foreign").status_code == 400
        for name in ("a\0b", "x" * 2001):
            answer = self.post(as_source, name)
            assert (answer.status_code, list(answer.json())) == (400, ["source_incident_id"])
