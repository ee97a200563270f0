"""No list of alerts reads a large table completely, for any user and filter.

One exception: each page contains the total. For staff, who see all alerts, all alerts and their incidents may be read.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from argus.alert.api.filters import FILTERS
from argus.auth.models import User
from argus.inventory.models import Customer, Instance, ProjectGroup
from argus.inventory.visibility import visible_to
from tests.factories import make_client

from .query_plans import excessive_reads

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("big_site")]

LIST = "/api/alerts/"
# Pages are numbered, so a page reads all pages before it. Page 11 is as deep as users go.
PAGE, DEEPEST = 10, 11
# An index serves one filter, and visibility is a second one: several alerts are read for each that is shown.
MAX_SHARE, OF_ALERTS = 0.2, {"argus_alert_alert": 0.8}
ROLES = {"admin": "projectroles", "owner": "customerroles"}


@pytest.fixture(scope="module")
def queries(big_site, django_db_blocker) -> list[dict]:
    """Return each filter alone, and common combinations."""
    with django_db_blocker.unblock():
        owner = User.objects.get(customerroles__isnull=False)
        customer = visible_to(Customer.objects.all(), owner).get()
        group = visible_to(ProjectGroup.objects.all(), owner)[0]
        instance = visible_to(Instance.objects.all(), owner)[0]
    now = datetime.now(UTC)
    recently, long_ago, then, a_week_later = (
        int((now - timedelta(days=days)).timestamp()) for days in (7, 300, 200, 193)
    )
    singles = [
        {"severity": "Error"},
        {"severity": ["Debug", "Error"]},
        {"alert_type": "type77"},
        {"scope": f"/api/instances/{instance.uuid.hex}/"},
        {"scope_type": "instance"},
        {"scope_type": "customer"},
        {"created_from": recently},
        {"created_to": long_ago},
        {"closed_from": recently},
        {"closed_to": long_ago},
        {"from": recently},
        {"to": long_ago},
        {"opened": ""},
        {"aggregate": "customer"},
        {"aggregate": "project"},
        {"aggregate": "project_group", "uuid": group.uuid.hex},
        {"uuid": customer.uuid.hex},
        {"acknowledged": "True"},
        {"acknowledged": "False"},
    ]
    assert {name for query in singles for name in query} == set(FILTERS)
    pairs = [
        {"opened": "", "acknowledged": "False"},
        {"opened": "", "acknowledged": "True"},
        {"opened": "", "severity": "Error"},
        {"opened": "", "scope_type": "cloud"},
        {"opened": "", "aggregate": "project_group"},
        {"acknowledged": "True", "severity": "Error"},
        {"acknowledged": "True", "scope_type": "cloud"},
        {"scope_type": "cloud", "severity": "Debug"},
        {"alert_type": "type77", "scope_type": "cloud"},
        {"created_from": then, "created_to": a_week_later},
        {"closed_from": then, "closed_to": a_week_later},
        {"from": then, "to": a_week_later},
        {"closed_to": long_ago, "severity": "Error"},
    ]
    orders = [{"o": order} for order in ("created", "severity", "-severity")]
    return [{}, *singles, *pairs, *orders, *({**one, "opened": ""} for one in orders)]


def pages_of(client, query: dict) -> list[str]:
    """Return the URLs of the first page, and of page 11 or the last."""
    first = f"{LIST}?{urlencode(query, doseq=True)}"
    last = -(-int(client.get(first)["X-Result-Count"]) // PAGE)
    return [first, f"{first}&page={min(last, DEEPEST)}"] if last > 1 else [first]


@pytest.mark.parametrize("role", ROLES)
def test_alerts_of_users_with_a_role_use_indexes(queries, role):
    client = make_client(User.objects.get(**{f"{ROLES[role]}__isnull": False}))
    paths = [path for query in queries for path in pages_of(client, query)]
    assert excessive_reads(client, paths, max_share=MAX_SHARE, max_shares=OF_ALERTS) == []


def test_alerts_of_staff_use_indexes(queries):
    client = make_client(User.objects.get(is_staff=True, source_system__isnull=False))
    paths = [f"{LIST}?{urlencode(query, doseq=True)}" for query in queries]
    paths += [f"{LIST}?{query}&page=51" for query in ("", "severity=Error", "acknowledged=False", "o=severity")]
    assert (
        excessive_reads(client, paths, max_share=MAX_SHARE, max_shares=OF_ALERTS, counted={"argus_alert_alert"}) == []
    )
