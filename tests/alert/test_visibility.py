"""A user sees the alerts on visible objects; lists, pages and counts hold these alerts."""

import pytest

from argus.alert import models
from argus.alert.models import Alert
from argus.incident.lifecycle import EventType
from argus.incident.services import record_event
from tests.alert.factories import ALERTS, STATS, address_of, make_alert, make_old_alert
from tests.factories import make_client, make_user
from tests.inventory.factories import (
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_group_membership,
    make_instance,
    make_project,
    make_project_group,
    make_role,
    make_staff,
    take_away,
)
from tests.tables import for_each

# Row by row as in the contract: what each role shows of alerts on things of one customer.
SEEN = {
    "owner": {"customer", "group", "other group", "project", "other project", "cloud", "other cloud", "in project"},
    "admin": {"customer", "group", "project", "cloud", "in project"},
    "manager": {"customer", "group", "project", "cloud", "in project"},
    "group manager": {"customer", "group", "project", "cloud", "other cloud", "in project"},
    "no role": set(),
    "owner of another customer": {"foreign"},
}


@pytest.fixture
def scopes() -> dict:
    """Two of everything; the second project is in no group, and the second cloud in no project of the group."""
    customer, foreign = make_customer(), make_customer()
    group, project = make_project_group(customer), make_project(customer)
    make_group_membership(group, project)
    membership = make_cloud_membership(project, make_cloud(customer))
    return {
        "customer": customer,
        "group": group,
        "other group": make_project_group(customer),
        "project": project,
        "other project": make_project(customer),
        "cloud": membership.cloud,
        "other cloud": make_cloud(customer),
        "in project": make_instance(project, membership),
        "foreign": foreign,
    }


def holder_of(role: str, scopes: dict):
    """Return a user with this role only."""
    user = make_user()
    place = {
        "owner": scopes["customer"],
        "admin": scopes["project"],
        "manager": scopes["project"],
        "group manager": scopes["group"],
        "owner of another customer": scopes["foreign"],
    }.get(role)
    user.role = make_role(place, user, role="manager" if role == "manager" else "") if place else None
    return user


@pytest.mark.django_db
@pytest.mark.parametrize("role", SEEN)
def test_roles_show_alerts_on_visible_objects(scopes, role):
    alerts = {name: make_alert(scope, alert_type=name) for name, scope in scopes.items()}
    client = make_client(holder_of(role, scopes))

    assert {alert["alert_type"] for alert in client.get(ALERTS).json()} == SEEN[role]
    assert client.get(STATS).json()["warning"] == len(SEEN[role])
    for name, alert in alerts.items():
        assert client.get(address_of(alert)).status_code == (200 if name in SEEN[role] else 404)


@pytest.mark.django_db
def test_visibility_works_for_many_objects(scopes, monkeypatch):
    monkeypatch.setattr(models, "MAX_LISTED_PLACES", 1)
    test_roles_show_alerts_on_visible_objects(scopes, "group manager")


@pytest.mark.django_db
def test_alerts_on_memberships_are_visible_with_the_project(scopes):
    membership = scopes["project"].cloud_memberships.get()
    alert = make_alert(membership)
    for role in ("owner", "admin", "manager", "group manager"):
        assert make_client(holder_of(role, scopes)).get(address_of(alert)).status_code == 200


@pytest.mark.django_db
def test_revoked_role_takes_effect_immediately(scopes):
    make_alert(scopes["project"])
    admin = holder_of("admin", scopes)
    client = make_client(admin)
    assert len(client.get(ALERTS).json()) == 1
    take_away(admin.role)
    assert client.get(ALERTS).json() == []
    assert client.get(STATS).json() == {"debug": 0, "info": 0, "warning": 0, "error": 0}


@pytest.mark.django_db
def test_invisible_alert_is_like_a_missing_one(as_outsider):
    def everything() -> list[tuple]:
        paths = [ALERTS, STATS, f"{ALERTS}?opened", f"{ALERTS}?aggregate=customer", f"{ALERTS}?page=2"]
        answers = [as_outsider.get(path) for path in paths]
        for answer in answers:
            del answer["X-Request-ID"]
        return [(answer.status_code, dict(answer.headers), answer.content) for answer in answers]

    before = everything()
    alert = make_alert()
    assert everything() == before
    hidden, missing = as_outsider.get(address_of(alert)), as_outsider.get(f"{ALERTS}{'0' * 32}/")
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)


@pytest.fixture
def twelve(project) -> list[str]:
    """UUIDs, oldest first, of alerts of which some are of the same moment."""
    severities = ["Error", "Debug", "Warning", "Info"]
    alerts = [make_old_alert(project, created=n // 2, severity=severities[n % 4]) for n in range(12)]
    return [alert.uuid.hex for alert in alerts]


def uuids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [alert["uuid"] for alert in answer.json()]


def ranks(answer) -> list[int]:
    return [["Debug", "Info", "Warning", "Error"].index(alert["severity"]) for alert in answer.json()]


def test_newest_come_first_ten_a_page(as_admin, twelve):
    newest = twelve[::-1]
    answer = as_admin.get(ALERTS)
    assert uuids(answer) == newest[:10]
    assert answer["X-Result-Count"] == "12"
    assert answer["Link"] == ", ".join(
        f'<http://testserver{ALERTS}{query}>; rel="{rel}"'
        for query, rel in [("", "first"), ("?page=2", "next"), ("?page=2", "last")]
    )
    assert uuids(as_admin.get(f"{ALERTS}?page=2")) == newest[10:]
    assert as_admin.get(f"{ALERTS}?page=3").status_code == 404


def test_order_by_age_or_severity_and_reversed(as_admin, twelve):
    in_order = {o: as_admin.get(f"{ALERTS}?page_size=12&o={o}") for o in ("created", "severity", "-severity", "")}
    assert uuids(in_order["created"]) == twelve
    assert uuids(in_order[""]) == uuids(as_admin.get(f"{ALERTS}?page_size=12&o=-created")) == twelve[::-1]
    assert ranks(in_order["severity"]) == sorted(ranks(in_order["severity"]))
    assert uuids(in_order["-severity"]) == uuids(in_order["severity"])[::-1]


@for_each("o", ["created", "-created", "severity", "-severity", ""])
def test_pages_neither_skip_nor_repeat_alerts(as_admin, twelve, o):
    pages = [uuids(as_admin.get(f"{ALERTS}?o={o}&page_size=5&page={page}")) for page in (1, 2, 3)]
    assert [uuid for page in pages for uuid in page] == uuids(as_admin.get(f"{ALERTS}?o={o}&page_size=100"))


@for_each("o", ["x", "--created", "-", "created,severity", "Severity", "\0", "message"])
def test_other_orders_are_refused_but_counts_have_none(as_admin, twelve, o):
    answer = as_admin.get(ALERTS, {"o": o})
    assert answer.status_code == 400
    assert list(answer.json()) == ["o"]
    assert sum(as_admin.get(STATS, {"o": o, "page": "x", "page_size": "x"}).json().values()) == 12


def test_counts_have_all_severities_and_ignore_the_order(as_admin, twelve):
    for query in ("", "?o=created", "?o=severity&page=9"):
        assert as_admin.get(f"{STATS}{query}").json() == {"debug": 3, "info": 3, "warning": 3, "error": 3}
    assert as_admin.get(f"{STATS}?severity=Info&opened").json() == {"debug": 0, "info": 3, "warning": 0, "error": 0}


@pytest.mark.django_db
def test_query_count_is_constant_in_a_deep_inventory(queries_of):
    customer = make_customer()
    owner, admin, manager = make_user(), make_user(), make_user()
    make_role(customer, owner)
    clients = [make_client(user) for user in (owner, admin, manager, make_staff())]

    def grow(number: int):
        for _ in range(number):
            group, project = make_project_group(customer), make_project(customer)
            make_group_membership(group, project)
            make_role(project, admin)
            make_role(group, manager)
            scope = make_instance(project, make_cloud_membership(project, make_cloud(customer)))
            make_alert(scope)

    def costs() -> list[int]:
        paths = [f"{ALERTS}?page_size=100", STATS, f"{ALERTS}?aggregate=customer&page_size=100&opened"]
        paths += [f"{STATS}?uuid={customer.uuid.hex}&acknowledged=false", address_of(Alert.objects.first())]
        return [queries_of(client, path) for client in clients for path in paths]

    grow(1)
    few = costs()
    grow(24)
    assert costs() == few
    assert max(few) <= 5


@pytest.fixture
def queries_of(django_assert_max_num_queries):
    def count(client, path: str) -> int:
        with django_assert_max_num_queries(100) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    return count


def test_closed_is_shown_in_utc_to_the_millisecond(as_admin, project):
    alert = make_old_alert(project, created=0, closed=1.5)
    shown = as_admin.get(address_of(alert)).json()
    assert (shown["created"], shown["closed"]) == ("2024-05-15T06:00:00.000Z", "2024-05-15T07:30:00.000Z")
    record_event(alert.incident, EventType.REOPEN, actor=make_staff())
    assert as_admin.get(address_of(alert)).json()["closed"] is None
