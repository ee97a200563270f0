"""Filters of the lists and counts of alerts."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from argus.incident.models import Incident
from argus.inventory.models import ProjectGroupMembership
from tests.alert.factories import (
    ALERTS,
    DAWN,
    STATS,
    address_of,
    link_of,
    make_alert,
    make_old_alert,
    seconds,
)
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
)
from tests.tables import for_each


@pytest.fixture
def found(as_staff):
    """Ask for alerts; return their types in alphabetical order, once the count of all severities is the same."""

    def ask(client=None, /, **params) -> list[str]:
        query = urlencode({name.removesuffix("_"): value for name, value in params.items()}, doseq=True)
        client = client or as_staff
        answer, stats = client.get(f"{ALERTS}?{query}&page_size=100"), client.get(f"{STATS}?{query}")
        assert answer.status_code == stats.status_code == 200, answer.content
        shown = answer.json()
        counts = dict.fromkeys(("debug", "info", "warning", "error"), 0)
        for alert in shown:
            counts[alert["severity"].lower()] += 1
        assert stats.json() == counts
        return sorted(alert["alert_type"] for alert in shown)

    return ask


@pytest.fixture
def refused(as_staff):
    """Ask for alerts, and return the fields that are refused, which are the same for the counts."""

    def ask(client=None, /, **params) -> list[str]:
        query = urlencode({name.removesuffix("_"): value for name, value in params.items()}, doseq=True)
        answers = [(client or as_staff).get(f"{address}?{query}") for address in (ALERTS, STATS)]
        assert [answer.status_code for answer in answers] == [400, 400], answers[0].content
        assert answers[0].json() == answers[1].json()
        assert all(isinstance(messages, list) for messages in answers[0].json().values())
        return list(answers[0].json())

    return ask


@pytest.fixture
def severities(project):
    for severity in ("Debug", "Info", "Warning", "Error"):
        make_alert(project, alert_type=severity.lower(), severity=severity)


def test_severity_is_one_of_a_list(severities, found):
    assert found(severity="Error") == ["error"]
    assert found(severity=["Error", "Debug", "Error"]) == ["debug", "error"]
    assert found(severity=["", "Info"]) == ["info"]
    assert len(found(severity="")) == 4


@pytest.mark.once
@for_each("value", ["error", "ERROR", "Error,Debug", "40", " Error", "\0", ["Error", "x"]])
def test_other_severities_are_refused_with_the_choices(severities, refused, as_staff, value):
    assert refused(severity=value) == ["severity"]
    message = as_staff.get(f"{ALERTS}?severity=x").json()["severity"][0]
    assert all(word in message for word in ("Error", "Warning", "Info", "Debug"))


def test_alert_type_is_exactly_one_of_a_list(severities, found):
    assert found(alert_type="error") == ["error"]
    assert found(alert_type=["error", "info", "x", ""]) == ["error", "info"]
    for nothing in ("Error", "err", "error,info", " error", "\0", "error\0"):
        assert found(alert_type=nothing) == []
    assert len(found(alert_type="")) == 4


def test_different_parameters_are_all_to_be_met_and_others_ignored(severities, found):
    assert found(severity=["Error", "Info"], alert_type=["error", "debug"], content_type="x", closed="x") == ["error"]


def test_scope_is_that_very_object(project, found):
    instance = make_instance(project)
    make_alert(project, alert_type="project")
    make_alert(instance, alert_type="instance")
    assert found(scope=link_of(project)) == ["project"]
    assert found(scope=link_of(project, "https://elsewhere:1")) == ["project"]
    assert found(scope=link_of(instance, "")) == ["instance"]
    assert len(found(scope="")) == 2


@pytest.mark.once
@for_each("value", ["x", "7", "/api/projects/", f"/api/projects/{'0' * 32}/", "http://[", "\0"])
def test_invalid_scope_is_refused(db, refused, value):
    assert refused(scope=value) == ["scope"]


def test_invisible_scope_is_refused_like_a_missing_one(project, as_outsider, refused):
    assert refused(as_outsider, scope=link_of(project)) == ["scope"]
    hidden, missing = (
        as_outsider.get(ALERTS, {"scope": link}).content
        for link in (link_of(project), "/api/projects/" + "0" * 32 + "/")
    )
    assert hidden == missing


@pytest.fixture
def one_of_each(customer, project):
    """An alert on each kind of scope, of a type of its name; all of one customer."""
    group = make_project_group(customer)
    make_group_membership(group, project)
    membership = make_cloud_membership(project, make_cloud(customer))
    scopes = [customer, group, project, membership.cloud, membership, make_instance(project, membership)]
    for scope in scopes:
        make_alert(scope, alert_type=scope.kind)
    return {scope.kind: scope for scope in scopes}


KINDS = ["cloud", "cloud_project_membership", "customer", "instance", "project", "project_group"]


@for_each("kind", KINDS)
def test_scope_type_is_a_kind_of_object(one_of_each, found, kind):
    assert found(scope_type=kind) == [kind]
    assert found(scope_type=[kind, "customer"]) == ["customer"]
    assert found(scope=link_of(one_of_each[kind])) == [kind]


@pytest.mark.once
@for_each("value", ["", "Instance", "x", "projects", "instance,project", "\0"])
def test_other_scope_types_are_refused_with_the_choices(one_of_each, refused, as_staff, value):
    assert refused(scope_type=value) == ["scope_type"]
    message = as_staff.get(f"{ALERTS}?scope_type=x").json()["scope_type"][0]
    assert all(kind in message for kind in KINDS)


@pytest.fixture
def times(project):
    """Alerts that were open from hour 1 to 2, 2 to 4, and from 3 on."""
    make_old_alert(project, alert_type="a", created=1, closed=2)
    make_old_alert(project, alert_type="b", created=2, closed=4)
    make_old_alert(project, alert_type="c", created=3)


TIMES = [
    ("created_from", 1, "abc"),
    ("created_from", 2, "bc"),
    ("created_from", 2.0001, "c"),
    ("created_from", 4, ""),
    ("created_to", 1, ""),
    ("created_to", 2, "a"),
    ("created_to", 2.0001, "ab"),
    ("closed_from", 2, "ab"),
    ("closed_from", 2.0001, "b"),
    ("closed_from", 5, ""),
    ("closed_to", 2, ""),
    ("closed_to", 4, "a"),
    ("closed_to", 4.0001, "ab"),
    ("from_", 0, "abc"),
    ("from_", 2, "abc"),
    ("from_", 2.0001, "bc"),
    ("from_", 5, "c"),
    ("from_", 24 * 365 * 500, "c"),
    ("to", 0, ""),
    ("to", 1, "a"),
    ("to", 2, "ab"),
    ("to", 24 * 365 * 500, "abc"),
]


@for_each("name, hours, types", TIMES)
def test_times_are_seconds_with_fractions(times, found, name, hours, types):
    assert found(**{name: seconds(hours)}) == list(types)


def test_times_bound_an_interval(times, found):
    assert found(created_from=seconds(2), created_to=seconds(3)) == ["b"]
    assert found(closed_from=seconds(2), closed_to=seconds(4)) == ["a"]
    assert found(from_=seconds(3), to=seconds(3.5)) == ["b", "c"]
    assert found(from_=seconds(2.5), to=seconds(2.6)) == ["b"]


NAMES = ["created_from", "created_to", "closed_from", "closed_to", "from_", "to"]


@for_each("name", NAMES)
def test_empty_times_do_not_filter_and_the_epoch_does(times, found, name):
    assert found(**{name: ""}) == ["a", "b", "c"]
    expected = {"created_from": "abc", "closed_from": "ab", "from_": "abc"}.get(name, "")
    for zero in ("0", "-1", "0.0", "+0", ".5", " 7 "):
        assert found(**{name: zero}) == list(expected)


NO_TIMES = ["x", "NaN", "nan", "inf", "-Infinity", "1432909467342", "1e400", "9" * 400, "-62135596801", "253402300800"]
NO_TIMES += ["2015-05-29", "1,5", "0x10", "1_0", "--1", ".", "\0", "٣", "1 2", "None", " "]


@pytest.mark.once
@for_each("name", NAMES)
@for_each("value", NO_TIMES)
def test_what_is_no_time_is_refused(db, refused, name, value):
    assert refused(**{name: value}) == [name.removesuffix("_")]


def test_the_first_and_the_last_second_of_the_calendar_are_times(times, found):
    assert found(created_from="-62135596800", created_to="253402300799.999999") == ["a", "b", "c"]


@pytest.mark.parametrize(("start", "end"), [(2, 2), (3, 2), (2.0001, 2)])
def test_from_is_before_to(db, refused, start, end):
    assert refused(from_=seconds(start), to=seconds(end)) == ["non_field_errors"]


def test_each_bad_time_is_named(db, refused):
    assert set(refused(from_="x", to="y", created_to="z", severity="v")) == {"from", "to", "created_to", "severity"}


def test_a_shown_time_finds_what_it_was_shown_for(as_staff, project, found):
    alert = make_alert(project, alert_type="a")
    shown = as_staff.get(address_of(alert)).json()["created"]
    moment = datetime.fromisoformat(shown.replace("Z", "+00:00")).astimezone(UTC).timestamp()
    assert found(created_from=f"{moment:.3f}", to=f"{moment:.3f}") == ["a"]
    assert found(created_to=f"{moment:.3f}") == []


@pytest.mark.parametrize("value", ["", "true", "false", "0", "x"])
def test_opened_filters_by_its_presence(times, found, value):
    assert found(opened=value) == ["c"]


def test_opened_leaves_out_what_ended_by_the_clock(project, found):
    make_alert(project)
    Incident.objects.update(end_time=DAWN)
    assert found(opened="") == []


@pytest.fixture
def acked(as_staff, project):
    make_alert(project, alert_type="unacked")
    for name in ("acked", "cancelled"):
        alert = make_alert(project, alert_type=name)
        as_staff.post(address_of(alert, "acknowledge"))
    as_staff.post(address_of(alert, "cancel_acknowledgment"))


@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1"])
def test_acknowledged_are_those_that_are_it_now(acked, found, value):
    assert found(acknowledged=value) == ["acked"]


@pytest.mark.parametrize("value", ["False", "false", "fALSE", "0"])
def test_not_acknowledged_are_all_others(acked, found, value):
    assert found(acknowledged=value) == ["cancelled", "unacked"]


def test_acknowledged_may_be_empty(acked, found):
    assert len(found(acknowledged="")) == 3


@pytest.mark.parametrize("value", ["yes", "2", "None", "True,False", "\0", " "])
def test_what_is_neither_true_nor_false_is_refused(db, refused, value):
    assert refused(acknowledged=value) == ["acknowledged"]


def test_aggregates_take_in_the_object_and_all_under_it(one_of_each, found):
    other = make_project(make_customer())
    make_alert(other, alert_type="elsewhere")
    ids = {kind: scope.uuid.hex for kind, scope in one_of_each.items()}

    assert found(aggregate="customer", uuid=ids["customer"]) == KINDS
    in_project = ["cloud_project_membership", "instance", "project"]
    assert found(aggregate="project", uuid=ids["project"]) == in_project
    assert found(aggregate="project_group", uuid=ids["project_group"]) == sorted([*in_project, "project_group"])
    assert found(aggregate="customer", uuid=other.customer.uuid.hex) == ["elsewhere"]


def test_an_aggregate_without_uuid_is_all_of_that_kind(one_of_each, found):
    make_alert(make_project(make_customer()), alert_type="elsewhere")
    assert found(aggregate="customer") == sorted([*KINDS, "elsewhere"])
    assert found(aggregate="project") == ["cloud_project_membership", "elsewhere", "instance", "project"]
    assert found(aggregate="project_group") == ["cloud_project_membership", "instance", "project", "project_group"]
    assert found(aggregate="project", uuid="") == found(aggregate="project")


def test_a_uuid_alone_is_a_customers(one_of_each, found):
    assert found(uuid=one_of_each["customer"].uuid.hex) == KINDS
    assert found(uuid=one_of_each["project"].uuid.hex) == []
    assert found(uuid="") == KINDS


def test_an_unknown_uuid_finds_nothing(one_of_each, found):
    known = one_of_each["customer"].uuid
    for text in ("0" * 32, "x", str(known), known.hex.upper() + "A", "\0", "7", known.hex + " "):
        assert found(aggregate="customer", uuid=text) == found(uuid=text) == []


@pytest.mark.parametrize("value", ["", "Customer", "instance", "cloud", "x", "customer,project", "\0"])
def test_other_aggregates_are_refused(db, refused, value):
    assert refused(aggregate=value) == ["aggregate"]


def test_aggregates_contain_visible_objects_only(one_of_each, found):
    other = make_project(one_of_each["customer"])
    make_alert(other, alert_type="elsewhere")
    admin = make_user()
    make_role(other, admin)
    client = make_client(admin)
    for params in ({"aggregate": "customer"}, {"uuid": one_of_each["customer"].uuid.hex}, {}):
        assert found(client, **params) == ["customer", "elsewhere"]
    assert found(client, aggregate="project") == ["elsewhere"]
    assert found(client, aggregate="project", uuid=one_of_each["project"].uuid.hex) == []
    assert found(client, aggregate="project_group") == []


def test_membership_of_a_group_counts_as_it_is_now(one_of_each, found):
    ProjectGroupMembership.objects.all().delete()
    assert found(aggregate="project_group") == ["project_group"]
