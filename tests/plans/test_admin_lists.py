"""No list of the admin goes through the big tables: neither its rows, nor its count, nor what is searched for in it."""

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

from .reading import INVENTORY, faults

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("big_site", "windows_as_at_a_million")]

# Of a table, what the admin itself takes as the newest rows included.
MOST, MOST_FOR_ONE = 0.2, 0.05
# There are fewer of them, so the newest are a larger share; and of two filters both indexes may be read.
OF_ALERTS = {"argus_alert_alert": 0.8}


@pytest.fixture
def windows_as_at_a_million(monkeypatch):
    """Let the admin look at as large a share of the rows as at a million incidents, of which there are a twentieth."""
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
PLAIN = ["", "p=2", "p=5"]
LEDGER = [
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
    assert faults(admin.client, lists(Incident, [*PLAIN, "o=1", "o=-1", *STATES, *sources, *both]), most=MOST) == []


def test_searches_of_incidents_use_indexes(admin, big_site):
    tags = [f"q={tag.replace('=', '%3D')}" for tag in (big_site.rare_tag, *big_site.common_tags.values())]
    words = [*WORDS, *tags, "q=alert-77", "q=source4.example.org", "q=zabbix"]
    found = faults(admin.client, lists(Incident, [*words, "q=router-77&open=1", "q=router-77&stateful=0"]), most=MOST)
    # A word may be part of any tag, so all of these are looked at; there are far fewer than incidents.
    assert [fault for fault in found if fault[1] | fault[2].keys() != {"argus_incident_tag"}] == []


@pytest.mark.parametrize("order", ["start_time", "-start_time"])
def test_searches_by_old_or_new_tags_use_an_index(admin, tag_some, order):
    assert faults(admin.client, lists(Incident, [f"q={quote(tag_some(order, 'retired'))}"]), most=MOST) == []


def test_lists_of_events_use_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    filters = [f"incident__source__id__exact={pk}" for pk in (busiest, quietest)]
    filters += ["incident__source__type__name__exact=zabbix", f"incident__id__exact={big_site.newest[0]}"]
    filters += [f"type__exact={kind}" for kind in ("STA", "END", "ACK", "OTH")]
    assert faults(admin.client, lists(Event, [*PLAIN, *filters, *WORDS, "q=operator"]), most=MOST) == []


def test_lists_of_events_by_source_and_type_use_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    sources = [f"incident__source__id__exact={pk}" for pk in (busiest, big_site.source_ids[9], quietest)]
    sources += [f"incident__source__type__name__exact={name}" for name in ("zabbix", "nav")]
    kinds = [f"type__exact={kind}" for kind in EventType.values]
    both = [f"{source}&{kind}" for source in sources for kind in kinds]
    # Of one that is not of the type nothing is found; that must not take a look at everything.
    both += [f"incident__source__type__name__exact={name}&{sources[0]}" for name in ("zabbix", "nav", "prometheus")]
    assert faults(admin.client, lists(Event, both), most=MOST) == []


def test_lists_of_acknowledgements_use_indexes(admin):
    assert faults(admin.client, lists(Acknowledgement, [*PLAIN, *WORDS, "q=operator"]), most=MOST) == []


def test_lists_of_deliveries_use_indexes(admin, big_site):
    incident, event = f"incident__id__exact={big_site.newest[0]}", f"event__id__exact={big_site.newest[0]}"
    filters = [incident, event, *(query for queries in LEDGER for query in queries)]
    queries = [*PLAIN, *filters, *WORDS, "q=operator", "q=person7@example.org"]
    assert faults(admin.client, lists(Delivery, queries), most=MOST) == []


def test_lists_of_deliveries_with_two_filters_use_indexes(admin):
    assert faults(admin.client, lists(Delivery, pairs_of(LEDGER)), most=MOST) == []


def test_list_of_unrouted_changes_uses_an_index(admin):
    assert faults(admin.client, lists(Change, PLAIN), most=MOST) == []


def test_lists_of_alerts_use_indexes(admin):
    queries = [*PLAIN, *(query for queries in ALERTS for query in queries), *pairs_of(ALERTS)]
    assert faults(admin.client, lists(Alert, queries), most=MOST, more=OF_ALERTS) == []


def test_searches_of_alerts_use_indexes(admin):
    queries = ["q=type77", "q=nothing-like-it", "q=type77&open=1", "q=type77&acked=1"]
    assert faults(admin.client, lists(Alert, queries), most=MOST_FOR_ONE) == []


def test_lists_of_tags_use_indexes(admin, big_site):
    queries = [*PLAIN, *WORDS, f"q={quote(big_site.rare_tag)}", "q=host%3D77"]
    assert faults(admin.client, lists(Tag, queries), most=MOST) == []


@pytest.mark.parametrize("model", [Project, Instance, ProjectGroupMembership, ProjectCloudMembership])
def test_lists_of_project_resources_use_an_index(admin, model):
    assert faults(admin.client, lists(model, PLAIN), most=MOST_FOR_ONE, tables=INVENTORY) == []
