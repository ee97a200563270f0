"""No list of the admin goes through the big tables: neither its rows, nor its count, nor what is searched for in it."""

import pytest
from django.contrib.admin import ModelAdmin

from argus.auth.admin.pages import BoundedPaginator
from argus.incident.admin import search
from argus.incident.models import Acknowledgement, Event, Incident
from argus.notificationprofile.models import Delivery, OutboxEntry
from tests.admin_pages import Admin
from tests.factories import make_superuser

from .reading import faults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("big_site", "windows_as_at_a_million")]

# Of a table, what the admin itself takes as the newest rows included.
MOST = 0.2


@pytest.fixture
def windows_as_at_a_million(monkeypatch):
    """Let the admin look at as large a share of the rows as at a million incidents, of which there are a twentieth."""
    monkeypatch.setattr(search, "WINDOW", search.WINDOW // 20)
    monkeypatch.setattr(search, "MOST_HITS", search.MOST_HITS // 20)
    monkeypatch.setattr(BoundedPaginator, "most", BoundedPaginator.most // 20)
    monkeypatch.setattr(ModelAdmin, "list_per_page", ModelAdmin.list_per_page // 20)


@pytest.fixture
def admin():
    return Admin(make_superuser())


def lists(model, queries: list[str]) -> list[str]:
    return [f"{Admin.url(model)}?{query}" for query in queries]


STATES = [f"{name}={value}" for name in ("stateful", "open", "acked") for value in (1, 0)]
PLAIN = ["", "p=2", "p=5"]
WORDS = ["q=router-77", "q=nothing-like-it", "q=router+down", "q=77"]


def test_incidents_are_listed_by_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    sources = [f"source__id__exact={busiest}", f"source__id__exact={quietest}", "source__type__name__exact=zabbix"]
    both = [f"{state}&{source}" for state in STATES for source in sources]
    assert faults(admin.client, lists(Incident, [*PLAIN, "o=1", "o=-1", *STATES, *sources, *both]), most=MOST) == []


def test_incidents_are_found_by_indexes(admin, big_site):
    tags = [f"q={tag.replace('=', '%3D')}" for tag in (big_site.rare_tag, *big_site.common_tags.values())]
    words = [*WORDS, *tags, "q=alert-77", "q=source4.example.org", "q=zabbix"]
    found = faults(admin.client, lists(Incident, [*words, "q=router-77&open=1", "q=router-77&stateful=0"]), most=MOST)
    # A word may be part of any tag, so all of these are looked at; there are far fewer than incidents.
    assert [fault for fault in found if fault[1] | fault[2].keys() != {"argus_incident_tag"}] == []


def test_events_are_listed_and_found_by_indexes(admin, big_site):
    busiest, *_, quietest = big_site.source_ids
    filters = [f"incident__source__id__exact={pk}" for pk in (busiest, quietest)]
    filters += ["incident__source__type__name__exact=zabbix", f"incident__id__exact={big_site.newest[0]}"]
    filters += [f"type__exact={kind}" for kind in ("STA", "END", "ACK", "OTH")]
    assert faults(admin.client, lists(Event, [*PLAIN, *filters, *WORDS, "q=operator"]), most=MOST) == []


def test_acknowledgements_are_listed_and_found_by_indexes(admin):
    assert faults(admin.client, lists(Acknowledgement, [*PLAIN, *WORDS, "q=operator"]), most=MOST) == []


def test_the_ledger_is_listed_and_found_by_indexes(admin, big_site):
    filters = ["verdict__exact=sent", "verdict__exact=failed", "verdict__exact=pending", "medium__exact=EM"]
    filters += ["medium__exact=SM", f"incident__id__exact={big_site.newest[0]}"]
    queries = [*PLAIN, *filters, *WORDS, "q=operator", "q=person7@example.org"]
    assert faults(admin.client, lists(Delivery, queries), most=MOST) == []


def test_the_outbox_is_listed_by_an_index(admin):
    assert faults(admin.client, lists(OutboxEntry, PLAIN), most=MOST) == []
