"""Filters of the incident lists over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from argus.util.infinity import INFINITY
from tests.factories import INCIDENTS, NOON, make_ack, make_expired_ack, make_incident, make_source
from tests.tables import for_each

DAY = timedelta(days=1)
LONG_AGO, SOON = "2024-05-15T12:00:00Z", "2024-05-16T12:00:00Z"


@pytest.fixture
def world(db):
    """Incidents of three sources, one letter each:

    O open, F open until a time in the future, C closed, S stateless; A open and acked, E open with an expired ack.
    """
    nav, zabbix = make_source("nav1", type="nav"), make_source("zabbix1", type="zabbix")
    other_nav = make_source("nav2", type="nav")
    make_incident(nav, description="O", source_incident_id="1", tags=["place=oslo", "kind=down"])
    make_incident(zabbix, description="F", source_incident_id="1", end_time=timezone.now() + DAY, tags=["place=oslo"])
    make_incident(zabbix, description="C", source_incident_id="2", end_time=NOON + DAY, start_time=NOON + DAY)
    make_incident(other_nav, description="S", source_incident_id="x 3", end_time=None, start_time=NOON - DAY)
    make_ack(make_incident(nav, description="A", source_incident_id="4", tags=["place=bergen", "kind=down"]))
    make_expired_ack(make_incident(nav, description="E", source_incident_id="5", tags=["kind=slow", "kind=down"]))
    return {source.name: source.pk for source in (nav, zabbix, other_nav)}


@pytest.fixture
def ask(as_user):
    def letters(path: str = INCIDENTS, **query) -> str:
        answer = as_user.get(path, query)
        assert answer.status_code == 200, answer.content
        return "".join(sorted(row["description"] for row in answer.json()["results"]))

    return letters


EVERYTHING = "ACEFOS"


@for_each(
    "query, found",
    [
        ({}, EVERYTHING),
        ({"open": "true"}, "AEFO"),
        ({"open": "false"}, "C"),
        ({"open": "TRUE"}, "AEFO"),
        ({"open": "False"}, "C"),
        ({"acked": "true"}, "A"),
        ({"acked": "false"}, "CEFOS"),
        ({"stateful": "true"}, "ACEFO"),
        ({"stateful": "false"}, "S"),
        ({"stateful": "false", "open": "true"}, ""),
        ({"stateful": "false", "open": "false"}, ""),
        ({"open": "true", "acked": "false"}, "EFO"),
        ({"source_incident_id": "1"}, "FO"),
        ({"source_incident_id": "x 3"}, "S"),
        ({"source_incident_id": "nothing"}, ""),
        ({"source__name__in": "nav1"}, "AEO"),
        ({"source__name__in": "nav1,zabbix1"}, "ACEFO"),
        ({"source__name__in": " nav1 , zabbix1 "}, "ACEFO"),
        ({"source__name__in": "nowhere"}, ""),
        ({"source__name__in": "nowhere,nav2"}, "S"),
        ({"source__type__in": "nav"}, "AEOS"),
        ({"source__type__in": "nav,zabbix"}, EVERYTHING),
        ({"source__type__in": "unknown"}, ""),
        ({"source__id__in": "0"}, ""),
        ({"source__id__in": "9223372036854775807"}, ""),
        ({"source__type__in": "nav", "source__name__in": "zabbix1"}, ""),
        ({"tags": "place=oslo"}, "FO"),
        ({"tags": "place=oslo,place=bergen"}, "AFO"),
        ({"tags": "place=oslo,kind=down"}, "O"),
        ({"tags": "place=oslo,place=bergen,kind=down"}, "AO"),
        ({"tags": "kind=slow,kind=down"}, "AEO"),
        ({"tags": "place=oslo,kind=slow"}, ""),
        ({"tags": "place=oslo,unknown=x"}, ""),
        ({"tags": "place=oslo,place=unknown"}, "FO"),
        ({"tags": " place =oslo"}, "FO"),
        ({"start_time__gte": LONG_AGO}, "ACEFO"),
        ({"start_time__gte": SOON}, "C"),
        ({"start_time__lte": LONG_AGO}, "AEFOS"),
        ({"start_time__lte": "2024-05-14 14:00"}, "S"),
        ({"start_time__gte": LONG_AGO, "start_time__lte": LONG_AGO}, "AEFO"),
        ({"end_time__gte": SOON}, "ACEFO"),
        ({"end_time__gte": "9999-12-31T00:00Z"}, "AEO"),
        ({"end_time__gte": "infinity"}, "AEO"),
        ({"end_time__gte": "9999-12-31T23:59:59.999999Z"}, "AEO"),
        ({"end_time__lte": SOON}, "C"),
        ({"end_time__lte": "2024-05-16T11:59:59.999999Z"}, ""),
        ({"end_time__lte": "9999-12-31T22:59:59Z"}, "CF"),
        ({"end_time__lte": "infinity"}, "ACEFO"),
        ({"end_time__isnull": "true"}, "S"),
        ({"end_time__isnull": "false"}, "ACEFO"),
        ({"open": "true", "acked": "false", "stateful": "true", "tags": "kind=down", "source__type__in": "nav"}, "EO"),
    ],
)
def test_filter_finds(world, ask, query, found):
    assert ask(**query) == found


def test_filter_by_source_id(world, ask):
    assert ask(source__id__in=str(world["nav2"])) == "S"
    assert ask(source__id__in=f"{world['nav2']},{world['zabbix1']}") == "CFS"
    assert ask(source__id__in=f" {world['nav2']} ,, {world['zabbix1']},") == "CFS"


NAMES = [
    *("acked", "open", "stateful", "source__id__in", "source__name__in", "source__type__in", "source_incident_id"),
    *("tags", "start_time__gte", "start_time__lte", "end_time__gte", "end_time__lte", "end_time__isnull"),
]


@for_each("name", NAMES)
@for_each("value", ["", " "])
def test_empty_value_does_not_filter(world, ask, name, value):
    assert ask(**{name: value}) == EVERYTHING


def test_all_filters_at_once_may_be_empty(world, ask):
    assert ask(**dict.fromkeys(NAMES, "")) == EVERYTHING


@for_each("name", ["source__id__in", "source__name__in", "source__type__in", "tags"])
def test_list_of_empty_items_does_not_filter(world, ask, name):
    assert ask(**{name: ",, ,"}) == EVERYTHING


def test_empty_items_of_a_list_are_ignored(world, ask):
    assert ask(tags=",place=oslo,,kind=down,") == "O"
    assert ask(source__name__in=",nav2,") == "S"


@pytest.mark.once
@for_each(
    "name, value",
    [
        *((name, value) for name in ("acked", "open", "stateful", "end_time__isnull") for value in ("1", "yes", "tru")),
        *(("source__id__in", value) for value in ("x", "1,x", "-1", "1.5", "1 2", "9" * 30, "²", "٣")),
        *(("tags", value) for value in ("x", "a=b,c", "=b", "A=b", "a-b=c", "a=", "a=b,c=", "a=b\0")),
        *((name, "2020-02-20") for name in NAMES if "time__" in name and "isnull" not in name),
        *((name, "0001-01-01T00:00") for name in NAMES if "time__" in name and "isnull" not in name),
        *((name, "9999-12-31T23:59Z") for name in NAMES if "time__" in name and "isnull" not in name),
        ("start_time__gte", "infinity"),
        ("end_time__gte", "-infinity"),
        ("source_incident_id", "\0"),
        ("source__name__in", "a\0"),
    ],
)
def test_invalid_value_is_refused_by_parameter(as_user, name, value):
    answer = as_user.get(INCIDENTS, {name: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [name]
    assert [type(message) for message in answer.json()[name]] == [str]


@pytest.mark.once
def test_every_invalid_parameter_is_named(as_user):
    answer = as_user.get(INCIDENTS, {"open": "x", "tags": "x", "acked": "true"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"open", "tags"}


@pytest.mark.once
def test_unknown_parameters_are_ignored(world, ask):
    assert ask(level__lte="3", nonsense="x", source="1", end_time="x") == EVERYTHING


def test_mine_lists_own_incidents_and_ignores_filters_by_source(world, as_source, post_incident):
    own = post_incident(tags=[{"tag": "a=b"}])["pk"]
    for query in ({}, {"source__id__in": "nonsense"}, {"source__name__in": "zabbix1", "source__type__in": "zabbix"}):
        answer = as_source.get(f"{INCIDENTS}mine/", query)
        assert [row["pk"] for row in answer.json()["results"]] == [own]
    assert as_source.get(f"{INCIDENTS}mine/", {"tags": "a=c"}).json()["results"] == []
    assert as_source.get(f"{INCIDENTS}mine/", {"open": "maybe"}).status_code == 400


def test_end_users_have_no_own_incidents(world, ask, as_superuser):
    assert ask(f"{INCIDENTS}mine/") == ""
    assert as_superuser.get(f"{INCIDENTS}mine/").json()["results"] == []


def test_fifty_tags_in_one_filter(as_user, db):
    tags = [f"k{number}=v" for number in range(50)]
    make_incident(tags=tags, description="all of them")
    make_incident(tags=tags[:-1], description="all but one")
    for asked in (tags, [f"{key}=other,{key}=v" for key in (f"k{number}" for number in range(50))]):
        answer = as_user.get(INCIDENTS, {"tags": ",".join(asked)})
        assert [row["description"] for row in answer.json()["results"]] == ["all of them"]


def test_incident_is_open_until_its_future_end(as_user, db):
    make_incident(end_time=timezone.now() + DAY, description="ends tomorrow")
    make_incident(end_time=timezone.now() - DAY, description="ended", start_time=NOON)
    make_incident(end_time=INFINITY, description="never ends")
    rows = {row["description"]: row["open"] for row in as_user.get(INCIDENTS).json()["results"]}
    assert rows == {"ends tomorrow": True, "ended": False, "never ends": True}


EDGES = ["0001-01-01T00:00:00Z", "0001-01-02 00:00", "1895-01-01T00:00:00Z", "9999-12-31T22:59:59.999999Z"]


@pytest.mark.parametrize("path", ["", "open/"])
def test_first_and_last_dates_are_listed_in_pages(as_user, post_incident, path):
    made = [post_incident(start_time=edge)["pk"] for edge in EDGES]
    seen, link = [], f"{INCIDENTS}{path}?page_size=1"
    while link:
        page = as_user.get(link).json()
        seen += [row["pk"] for row in page["results"]]
        link = page["next"]
    assert seen == made[::-1]
    assert [row["pk"] for row in as_user.get(page["previous"]).json()["results"]] == [made[1]]


@pytest.mark.parametrize("edge", EDGES)
def test_first_and_last_dates_are_found_by_filters(as_user, post_incident, edge):
    pk = post_incident(start_time=edge, end_time=edge)["pk"]
    for name in ("start_time__gte", "start_time__lte", "end_time__gte", "end_time__lte"):
        assert [row["pk"] for row in as_user.get(INCIDENTS, {name: edge}).json()["results"]] == [pk]
