"""No list of the admin reads a large table completely: for its rows, its count or a search."""

from itertools import combinations, product
from urllib.parse import quote

import pytest
from django.contrib.admin import ModelAdmin

from argus.adminkit import search
from argus.adminkit.changelist import BoundedPaginator
from argus.alert.models import Alert, Severity
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Change, Event, Incident, Tag
from argus.inventory.models import Cloud, Customer, Instance, Project, ProjectCloudMembership, ProjectGroupMembership
from argus.notificationprofile.models import EMAIL, SMS, Delivery, Reason, Verdict
from tests.admin_pages import Admin
from tests.factories import make_superuser

from .query_plans import INVENTORY_TABLES, excessive_reads

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("big_site", "scaled_limits")]

# Largest shares of a table that a query may read, the newest rows for searches included.
MAX_SHARE, MAX_SHARE_ONE_FILTER = 0.2, 0.05
# There are fewer alerts: the newest rows are a larger share, and two filters may use two indexes.
OF_ALERTS = {"argus_alert_alert": 0.8}


@pytest.fixture
def scaled_limits(monkeypatch):
    """Scale the limits of the admin by a twentieth, like the data: 50 000 incidents instead of a million."""
    monkeypatch.setattr(search, "MAX_SCANNED_ROWS", search.MAX_SCANNED_ROWS // 20)
    monkeypatch.setattr(search, "MAX_HITS", search.MAX_HITS // 20)
    monkeypatch.setattr(BoundedPaginator, "max_rows", BoundedPaginator.max_rows // 20)
    monkeypatch.setattr(ModelAdmin, "list_per_page", ModelAdmin.list_per_page // 20)


@pytest.fixture
def admin():
    return Admin(make_superuser())


def lists(model, queries: list[str]) -> list[str]:
    return [f"{Admin.url(model)}?{query}" for query in queries]


STATES = [f"{name}={value}" for name in ("stateful", "open", "acked") for value in (1, 0)]
STARTS = [f"started={period}{state}" for period in ("1h", "30d") for state in ("", "&open=1", "&acked=1")]
PLAIN = ["", "p=2", "p=5"]
DELIVERIES = [
    [f"verdict__exact={verdict}" for verdict in Verdict],
    [f"medium__exact={medium}" for medium in (EMAIL, SMS)],
    [f"reason__exact={quote(reason)}" for reason in (Reason.TIMESLOT, Reason.NO_ADDRESS, Reason.QUIET)],
]
ALERTS = [
    ["open=1", "open=0"],
    ["acked=1", "acked=0"],
    [f"severity={severity.label}" for severity in (Severity.DEBUG, Severity.WARNING)],
    [f"scope_type={kind.kind}" for kind in (Instance, Project, Customer, Cloud)],
]
WORDS = ["q=router-77", "q=nothing-like-it", "q=router+down", "q=77"]


def pairs_of(filters: list[list[str]]) -> list[str]:
    return ["&".join(pair) for one, other in combinations(filters, 2) for pair in product(one, other)]


def test_lists_of_incidents_use_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    sources = [f"source__id__exact={busiest}", f"source__id__exact={quietest}", "source__type__name__exact=zabbix"]
    both = [f"{state}&{source}" for state in STATES for source in sources]
    assert (
        excessive_reads(
            admin.client,
            lists(Incident, [*PLAIN, "o=3", "o=-3", *STATES, *STARTS, *sources, *both]),
            max_share=MAX_SHARE,
        )
        == []
    )


def test_searches_of_incidents_use_indexes(admin, big_site):
    tags = [f"q={tag.replace('=', '%3D')}" for tag in (big_site.rare_tag, *big_site.common_tags.values())]
    words = [*WORDS, *tags, "q=alert-77", "q=source4.example.org", "q=zabbix"]
    found = excessive_reads(
        admin.client, lists(Incident, [*words, "q=router-77&open=1", "q=router-77&stateful=0"]), max_share=MAX_SHARE
    )
    # A word may be part of any tag: all tags are read, which are far fewer than incidents.
    assert [fault for fault in found if fault[1] | fault[2].keys() != {"argus_incident_tag"}] == []


@pytest.mark.parametrize("order", ["start_time", "-start_time"])
def test_searches_by_old_or_new_tags_use_an_index(admin, tag_some, order):
    assert (
        excessive_reads(admin.client, lists(Incident, [f"q={quote(tag_some(order, 'retired'))}"]), max_share=MAX_SHARE)
        == []
    )


def test_lists_of_events_use_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    filters = [f"incident__source__id__exact={pk}" for pk in (busiest, quietest)]
    filters += ["incident__source__type__name__exact=zabbix", f"incident__id__exact={big_site.newest[0]}"]
    filters += [f"type__exact={kind}" for kind in ("STA", "END", "ACK", "OTH")]
    assert (
        excessive_reads(admin.client, lists(Event, [*PLAIN, *filters, *WORDS, "q=operator"]), max_share=MAX_SHARE) == []
    )


def test_lists_of_events_by_source_and_type_use_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    sources = [f"incident__source__id__exact={pk}" for pk in (busiest, big_site.source_ids[9], quietest)]
    sources += [f"incident__source__type__name__exact={name}" for name in ("zabbix", "nav")]
    kinds = [f"type__exact={kind}" for kind in EventType.values]
    both = [f"{source}&{kind}" for source in sources for kind in kinds]
    # A source without events of the type finds nothing, and must not read all events.
    both += [f"incident__source__type__name__exact={name}&{sources[0]}" for name in ("zabbix", "nav", "prometheus")]
    assert excessive_reads(admin.client, lists(Event, both), max_share=MAX_SHARE) == []


def test_lists_of_acknowledgements_use_indexes(admin):
    assert (
        excessive_reads(admin.client, lists(Acknowledgement, [*PLAIN, *WORDS, "q=operator"]), max_share=MAX_SHARE) == []
    )


def test_lists_of_deliveries_use_indexes(admin, big_site):
    incident, event = f"incident__id__exact={big_site.newest[0]}", f"event__id__exact={big_site.newest[0]}"
    filters = [incident, event, *(query for queries in DELIVERIES for query in queries)]
    queries = [*PLAIN, *filters, *WORDS, "q=operator", "q=person7@example.org"]
    assert excessive_reads(admin.client, lists(Delivery, queries), max_share=MAX_SHARE) == []


def test_lists_of_deliveries_with_two_filters_use_indexes(admin):
    assert excessive_reads(admin.client, lists(Delivery, pairs_of(DELIVERIES)), max_share=MAX_SHARE) == []


def test_list_of_unrouted_changes_uses_an_index(admin):
    assert excessive_reads(admin.client, lists(Change, PLAIN), max_share=MAX_SHARE) == []


def test_lists_of_alerts_use_indexes(admin):
    queries = [*PLAIN, *(query for queries in ALERTS for query in queries), *pairs_of(ALERTS)]
    assert excessive_reads(admin.client, lists(Alert, queries), max_share=MAX_SHARE, max_shares=OF_ALERTS) == []


def test_searches_of_alerts_use_indexes(admin):
    queries = ["q=type77", "q=nothing-like-it", "q=type77&open=1", "q=type77&acked=1"]
    assert excessive_reads(admin.client, lists(Alert, queries), max_share=MAX_SHARE_ONE_FILTER) == []


def test_lists_of_tags_use_indexes(admin, big_site):
    queries = [*PLAIN, *WORDS, f"q={quote(big_site.rare_tag)}", "q=host%3D77"]
    assert excessive_reads(admin.client, lists(Tag, queries), max_share=MAX_SHARE) == []


@pytest.mark.parametrize("model", [Project, Instance, ProjectGroupMembership, ProjectCloudMembership])
def test_lists_of_project_resources_use_an_index(admin, model):
    assert (
        excessive_reads(admin.client, lists(model, PLAIN), max_share=MAX_SHARE_ONE_FILTER, tables=INVENTORY_TABLES)
        == []
    )


def test_page_of_an_incident_uses_indexes(admin, big_site):
    pages = [Admin.url(Incident, "change", pk) for pk in big_site.newest[:2]]

    assert excessive_reads(admin.client, pages, max_share=MAX_SHARE_ONE_FILTER) == []
