"""Pages of few candidates, which are sorted before their tags are tested, equal other pages in both directions."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from argus.incident import queries
from argus.incident.criteria import Criteria
from argus.incident.models import Incident
from argus.incident.queries import SortedCandidates, filter_by_tags
from argus.util.infinity import INFINITY
from tests.factories import INCIDENTS, NOON, make_ack, make_client, make_incident, make_source, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SIX_KEYS = [f"key{number}=a" for number in range(6)]
TWO_TAGS = {"open": "true", "tags": "place=oslo,kind=down"}
LATE = {"end_time__gte": (NOON + 4 * DAY).isoformat()}
LONG = {**LATE, "start_time__lte": (NOON + 3 * DAY).isoformat()}


@pytest.fixture
def world(db):
    """Create incidents that share start times: open, open until tomorrow, closed and stateless, some acknowledged."""
    sources = [make_source("nav1", type="nav"), make_source("zabbix1", type="zabbix")]
    ends = [INFINITY, timezone.now() + DAY, NOON + 3 * DAY, NOON + 6 * DAY, None]
    for number, (day, end, place) in enumerate(product(range(3), ends, ["oslo", "bergen"])):
        tags = [f"place={place}", "kind=down" if number % 3 else "kind=slow", *SIX_KEYS[number % 2 :]]
        incident = make_incident(sources[number % 2], start_time=NOON + day * DAY, end_time=end, tags=tags)
        if number % 5 == 0:
            make_ack(incident)


@pytest.mark.parametrize(
    "query",
    [
        TWO_TAGS,
        {**TWO_TAGS, "acked": "false", "source__name__in": "nav1"},
        {"open": "true", "tags": "place=oslo,place=bergen,kind=slow"},
        {"open": "true", "tags": "place=oslo,place=bergen"},
        {"open": "true", "tags": ",".join(SIX_KEYS)},
        {"open": "false", **LONG},
        {"open": "false", **LONG, "tags": "place=oslo,kind=down"},
        {"tags": "place=oslo", **LONG},
        {"open": "false", **LATE},
    ],
    ids=str,
)
def test_pages_are_complete_in_both_directions(world, as_user, monkeypatch, query):
    there = walk(as_user, as_user.get(INCIDENTS, {**query, "page_size": 1}).json(), "next")
    back = walk(as_user, there[-1], "previous")
    monkeypatch.setattr(queries, "is_overestimated", lambda *args, **kwargs: False)
    expected = pks(as_user.get(INCIDENTS, query).json())
    assert len(expected) > 1
    assert [pk for page in there for pk in pks(page)] == expected
    assert [pks(page) for page in reversed(back)] == [pks(page) for page in there]


def walk(client, page: dict, way: str) -> list[dict]:
    """Follow the links in one direction to the end."""
    pages = [page]
    while link := pages[-1][way]:
        pages.append(client.get(link).json())
    return pages


def pks(page: dict) -> list[int]:
    return [row["pk"] for row in page["results"]]


@pytest.mark.parametrize(("max_candidates", "is_sorted_first"), [(11, False), (12, True)])
def test_many_candidates_are_not_sorted_first(world, max_candidates, is_sorted_first):
    assert Incident.objects.open().count() == 12
    found = filter_by_tags(
        Incident.objects.open(),
        Criteria.of(tags=[("place", "oslo"), ("kind", "down")]),
        is_open=True,
        ends_after=None,
        bounds={},
        max_candidates=max_candidates,
    )
    assert isinstance(found, SortedCandidates) == is_sorted_first
    assert len(found.order_by("-start_time", "-pk").values_list("pk", named=True)[:20]) == 4


def test_unused_tag_finds_nothing(world, as_user):
    query = {"open": "true", "tags": "place=oslo,unknown=x"}
    assert as_user.get(INCIDENTS, query).json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("query", [TWO_TAGS, {"open": "false", **LATE}])
def test_unreadable_cursor_is_404(as_user, query):
    assert as_user.get(INCIDENTS, {**query, "cursor": "nonsense"}).status_code == 404


def test_restricted_incidents_are_shown_to_staff_only(as_user):
    incident = make_incident(tags=["place=oslo", "kind=down"], restricted=True)
    assert pks(as_user.get(INCIDENTS, TWO_TAGS).json()) == []
    assert pks(make_client(make_user(is_staff=True)).get(INCIDENTS, TWO_TAGS).json()) == [incident.pk]
