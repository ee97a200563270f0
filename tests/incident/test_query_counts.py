"""Numbers of queries: independent of the number of rows, and limited for each request."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import (
    INCIDENTS,
    NOON,
    incident_body,
    make_ack,
    make_event,
    make_incident,
    make_incidents,
    make_source,
    make_user,
)

pytestmark = pytest.mark.django_db
NOT_WORK = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def queries_of(call) -> list[str]:
    """Return the statements of a request, without those of transactions."""
    with CaptureQueriesContext(connection) as queries:
        answer = call()
        assert answer.status_code in {200, 201}, answer.content
        if answer.streaming:
            b"".join(answer.streaming_content)
    return [query["sql"] for query in queries if not query["sql"].startswith(NOT_WORK)]


def add_incidents(number: int, source) -> None:
    for incident in make_incidents(number, source, tags=["a=b", "c=d"], end_time=NOON + timedelta(days=36500)):
        make_ack(incident, actor=source.people[0], timestamp=NOON, expiration=NOON + timedelta(hours=1))


def add_events(number: int, source) -> None:
    for _ in range(number):
        make_event(source.incident, "OTH", actor=make_user())


def add_acks(number: int, source) -> None:
    for _ in range(number):
        make_ack(source.incident, actor=make_user())


def add_sources(number: int, source) -> None:
    for _ in range(number):
        make_source(type=f"type{make_user().pk}")


LISTS = [
    *((add_incidents, path) for path in ("", "mine/", "open/", "open+unacked/", "open/?page_size=100")),
    (add_events, "{pk}/events/"),
    (add_acks, "{pk}/acks/"),
    *((add_sources, path) for path in ("sources/", "source-types/", "metadata/")),
]


@pytest.mark.parametrize(("add", "path"), LISTS)
def test_fifty_rows_take_as_many_queries_as_one(as_source, add, path):
    as_source.source.people = [make_user()]
    as_source.source.incident = make_incident(as_source.source)
    path = INCIDENTS + path.format(pk=as_source.source.incident.pk)
    add(1, as_source.source)
    few = queries_of(lambda: as_source.get(path))
    add(49, as_source.source)
    many = queries_of(lambda: as_source.get(path))
    assert len(many) == len(few) <= 4


FILTERS = [
    "acked=true",
    "acked=false",
    "open=true",
    "open=false",
    "stateful=true",
    "stateful=false",
    "source__id__in=1,2,3",
    "source__name__in=a,b",
    "source__type__in=nav,zabbix",
    "source_incident_id=7",
    "tags=a=b",
    "tags=" + ",".join(f"k{n}=v" for n in range(50)),
    "tags=a=b,a=c,c=d",
    "start_time__gte=2020-01-01T00:00Z&start_time__lte=2030-01-01T00:00Z",
    "end_time__gte=2020-01-01T00:00Z&end_time__lte=infinity",
    "end_time__isnull=true",
    "page_size=2",
    "page_size=1000",
    "open=true&acked=false&stateful=true&tags=a=b,c=d&source__type__in=nav&source__name__in=a&source__id__in=1",
]


@pytest.mark.parametrize("query", FILTERS, ids=lambda query: query[:40])
@pytest.mark.parametrize("path", ["", "mine/"])
def test_page_with_any_filter_takes_at_most_four_queries(as_source, path, query):
    make_incidents(5, as_source.source, tags=["a=b", "c=d"])
    assert len(queries_of(lambda: as_source.get(f"{INCIDENTS}{path}?{query}"))) <= 4


def test_deep_page_takes_as_many_queries_as_the_first(as_user):
    make_incidents(6, tags=["a=b"])
    first = as_user.get(INCIDENTS, {"page_size": 2, "tags": "a=b"}).json()
    for link in (first["next"], as_user.get(first["next"]).json()["previous"]):
        assert len(queries_of(lambda link=link: as_user.get(link))) <= 4


@pytest.mark.parametrize("number", [0, 1, 4, 200])
@pytest.mark.parametrize("seen_before", [False, True])
def test_post_takes_at_most_eight_queries(as_source, as_superuser, number, seen_before):
    tags = [{"tag": f"key{n}=value"} for n in range(number)]
    if seen_before:
        as_source.post(INCIDENTS, incident_body(tags=tags))
    for client, source in ((as_source, ...), (as_superuser, as_source.source.pk)):
        body = incident_body(tags=tags, source=source)
        assert len(queries_of(lambda client=client, body=body: client.post(INCIDENTS, body))) <= 8


def test_post_with_known_tags_takes_five_queries(as_source):
    as_source.post(INCIDENTS, incident_body())
    # The token, the incident, its tags, its event and the change.
    assert len(queries_of(lambda: as_source.post(INCIDENTS, incident_body()))) == 5


@pytest.mark.parametrize("number", [1, 50])
def test_events_take_as_many_queries_with_a_long_history(as_user, as_source, number):
    incident = make_incident(as_source.source, tags=[f"key{n}=value" for n in range(number)])
    for _ in range(number):
        make_ack(incident)
    path = f"{INCIDENTS}{incident.pk}/"
    for bar, client, method, address, body in (
        (4, as_user, "get", "", None),
        (8, as_user, "post", "events/", {"type": "OTH"}),
        (8, as_user, "post", "events/", {"type": "CLO"}),
        (8, as_user, "post", "events/", {"type": "REO"}),
        (8, as_source, "post", "events/", {"type": "END", "timestamp": "2024-05-15 15:00"}),
        (8, as_user, "post", "acks/", {"event": {}}),
        (8, as_user, "put", "ticket_url/", {"ticket_url": "https://tickets.example.org/"}),
        (8, as_user, "patch", "", {"details_url": "x"}),
    ):
        call = getattr(client, method)
        assert len(queries_of(lambda call=call, address=address, body=body: call(path + address, body))) <= bar
