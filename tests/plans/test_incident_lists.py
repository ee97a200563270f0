"""No list of incidents reads a large table completely, with any filter and at any depth."""

from itertools import combinations
from urllib.parse import quote

import pytest

from argus.api import arrays
from argus.api.pagination import Cursor
from argus.auth.models import User
from argus.incident.api.v1.filters import IncidentFilter
from argus.incident.models import Incident
from tests.factories import INCIDENTS, make_client, make_user

from .query_plans import excessive_reads, plans_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("big_site")]

# Largest shares of a table that a query may read for a page of 20. One filter has an index. With two filters, an index
# serves one, and the other is tested on its rows.
PAGE, MAX_SHARE_ONE_FILTER, MAX_SHARE_TWO_FILTERS = 20, 0.05, 0.2
MINE = f"{INCIDENTS}mine/"


@pytest.fixture(scope="module")
def values(big_site) -> dict[str, list]:
    """Return popular and rare values of each filter."""
    tags, (busiest, *_, quietest) = big_site.common_tags, big_site.source_ids
    middle, recent = (quote(big_site.start_at(share).isoformat()) for share in (0.5, 0.02))
    common, other, host = tags["problem_type"], tags["location"], tags["host"]
    asked = [common, "host=host-9", f"{common},{other}", f"{common},{big_site.rare_tag}", f"{host},host=host-2"]
    return {
        "open": ["true", "false"],
        "acked": ["true", "false"],
        "stateful": ["true"],
        "end_time__isnull": ["true"],
        "source_incident_id": ["alert-77"],
        "source__id__in": [busiest, quietest],
        "source__name__in": ["source4.example.org,source5.example.org"],
        "source__type__in": ["zabbix"],
        "tags": [quote(text) for text in asked],
        "start_time__gte": [recent],
        "start_time__lte": [middle],
        "end_time__gte": [recent],
        "end_time__lte": [middle],
    }


@pytest.fixture(scope="module")
def deep(big_site) -> str:
    """Return the cursor of page 1 000."""
    return Cursor(big_site.start_at(1_000 * PAGE / big_site.size), 10**9).encode()


@pytest.fixture
def scaled_arrays(monkeypatch):
    """Scale the limits of arrays by a twentieth, like the data."""
    monkeypatch.setattr(arrays, "MAX_ROWS", arrays.MAX_ROWS // 20)
    monkeypatch.setattr(arrays, "ROWS_PER_CHUNK", arrays.ROWS_PER_CHUNK // 20)


@pytest.fixture
def as_operator():
    return make_client(User.objects.get(username="operator"))


@pytest.fixture
def as_busy_source(big_site):
    """Return a client of the fourth busiest of thirty sources. The busiest has max_share incidents."""
    return make_client(User.objects.get(source_system=big_site.source_ids[3]))


@pytest.fixture
def as_staff():
    return make_client(make_user(is_staff=True))


def filters_of(values: dict[str, list]) -> list[tuple[str, str]]:
    return [(name, f"{name}={value}") for name, some in values.items() for value in some]


def pairs_of(values: dict[str, list]) -> list[str]:
    pairs = combinations(filters_of(values), 2)
    return [f"{one}&{other}" for (name, one), (other_name, other) in pairs if name != other_name]


def pages(base: str, queries: list[str], cursor: str = "") -> list[str]:
    return [f"{base}?page_size={PAGE}&cursor={cursor}&{query}" for query in queries]


def test_every_filter_is_tested(values):
    assert set(values) == set(IncidentFilter.base_filters)


def test_page_with_one_filter_uses_an_index(as_operator, values, deep):
    queries = ["", *(query for _, query in filters_of(values))]
    assert (
        excessive_reads(
            as_operator, [*pages(INCIDENTS, queries), *pages(INCIDENTS, queries, deep)], max_share=MAX_SHARE_ONE_FILTER
        )
        == []
    )


@pytest.mark.parametrize("order", ["start_time", "-start_time"])
def test_page_with_old_or_new_tags_uses_an_index(as_operator, tag_some, deep, order):
    tags = [quote(tag_some(order, value)) for value in ("retired", "retired-too")]
    queries = [f"tags={tags[0]}{more}" for more in ("", "&acked=false", "&stateful=true", "&open=true")]
    queries += [f"tags={tags[0]},{tags[1]}", f"tags={tags[0]},{tags[1]}&open=false"]
    assert (
        excessive_reads(
            as_operator, [*pages(INCIDENTS, queries), *pages(INCIDENTS, queries, deep)], max_share=MAX_SHARE_TWO_FILTERS
        )
        == []
    )


def test_page_of_a_source_with_one_filter_uses_an_index(as_busy_source, values, deep):
    queries = ["", *(query for name, query in filters_of(values) if "source__" not in name)]
    assert (
        excessive_reads(
            as_busy_source, [*pages(MINE, queries), *pages(MINE, queries, deep)], max_share=MAX_SHARE_ONE_FILTER
        )
        == []
    )


def test_first_page_with_two_filters_reads_few_rows(as_operator, values):
    assert excessive_reads(as_operator, pages(INCIDENTS, pairs_of(values)), max_share=MAX_SHARE_TWO_FILTERS) == []


def test_page_one_thousand_with_two_filters_reads_few_rows(as_operator, values, deep):
    assert excessive_reads(as_operator, pages(INCIDENTS, pairs_of(values), deep), max_share=MAX_SHARE_TWO_FILTERS) == []


def test_page_of_a_source_with_two_filters_reads_few_rows(as_busy_source, values):
    values = {name: some for name, some in values.items() if "source__" not in name}
    assert excessive_reads(as_busy_source, pages(MINE, pairs_of(values)), max_share=MAX_SHARE_TWO_FILTERS) == []


def test_deep_page_of_a_source_with_two_filters_reads_few_rows(as_busy_source, values, big_site):
    values = {name: some for name, some in values.items() if "source__" not in name}
    own = f"WHERE source_id = {big_site.source_ids[3]}"
    deep = Cursor(big_site.start_at(0.5, own), 10**9).encode()
    assert excessive_reads(as_busy_source, pages(MINE, pairs_of(values), deep), max_share=MAX_SHARE_TWO_FILTERS) == []


@pytest.mark.parametrize("path", ["open/", "open+unacked/"])
def test_open_incidents_use_an_index(as_operator, scaled_arrays, deep, path):
    path = f"{INCIDENTS}{path}"
    assert (
        excessive_reads(as_operator, [path, f"{path}?page_size={PAGE}&cursor={deep}"], max_share=MAX_SHARE_ONE_FILTER)
        == []
    )


def test_incident_and_its_history_use_indexes(as_operator):
    path = f"{INCIDENTS}{as_operator.get(INCIDENTS).json()['results'][0]['pk']}/"
    paths = [path, f"{path}events/", f"{path}acks/", f"{path}events/?page_size=5", f"{path}acks/?page_size=5"]
    assert excessive_reads(as_operator, paths, max_share=0.001) == []


def test_filter_preview_reads_few_rows(as_operator, scaled_arrays, big_site):
    bodies = [{"tags": [tag]} for tag in (big_site.rare_tag, *big_site.common_tags.values())]
    bodies.append({"sourceSystemIds": big_site.source_ids[:2], "tags": [big_site.rare_tag]})
    path = "/api/v1/notificationprofiles/filterpreview/"
    assert excessive_reads(as_operator, [(path, body) for body in bodies], max_share=MAX_SHARE_TWO_FILTERS) == []


def test_every_index_of_incidents_is_used(as_operator, as_staff, as_busy_source, values, big_site):
    long_over = f"end_time__lte={quote(big_site.start_at(0.98).isoformat())}"
    queries = ["", long_over, *(query for _, query in filters_of(values))]
    asked = [(as_operator, path) for path in pages(INCIDENTS, queries)] + [(as_staff, INCIDENTS)]
    asked += [(as_busy_source, path) for path in pages(MINE, ["", "open=true"])]
    asked += [(as_operator, f"{INCIDENTS}open/")]
    used = {index for client, path in asked for plan in plans_of(client, path) for index in plan.indexes}
    # The open key is looked up when an alert is raised.
    assert {index.name for index in Incident._meta.indexes} - {"incident_open_key_idx"} <= used
