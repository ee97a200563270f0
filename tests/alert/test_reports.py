"""POST to the alerts: what it opens, what it updates, and what it refuses."""

import json
import re

import pytest

from argus.alert.models import Alert, Severity
from argus.alert.services import close, raise_alert
from argus.incident.models import Event, Incident
from argus.inventory.deletion import delete_project
from argus.util.errors import DomainError
from tests.alert.factories import ALERTS, address_of, link_of, make_alert, report
from tests.inventory.factories import (
    make_cloud,
    make_cloud_membership,
    make_group_membership,
    make_instance,
    make_project_group,
)
from tests.tables import for_each

KEYS = [
    "url",
    "uuid",
    "alert_type",
    "message",
    "severity",
    "scope",
    "created",
    "closed",
    "context",
    "acknowledged",
]
MILLISECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def history(alert: Alert) -> list[tuple]:
    return list(alert.incident.events.order_by("pk").values_list("type", "description", "quiet"))


def test_a_report_opens_an_alert(as_staff, project):
    answer = as_staff.post(ALERTS, report(project))

    assert answer.status_code == 201
    shown, alert = dict(answer.json()), Alert.objects.get()
    assert list(shown) == KEYS
    assert re.fullmatch(MILLISECONDS, shown.pop("created"))
    assert re.fullmatch("[0-9a-f]{32}", shown["uuid"])
    assert answer["Location"] == shown["url"]
    assert shown.pop("context")
    assert shown == {
        "url": f"http://testserver{address_of(alert)}",
        "uuid": alert.uuid.hex,
        "alert_type": "overheated",
        "message": "90 degrees.",
        "severity": "Warning",
        "scope": link_of(project),
        "closed": None,
        "acknowledged": False,
    }
    assert as_staff.get(answer["Location"]).json() == answer.json()


def test_an_alert_is_a_restricted_incident_of_the_source_alerts(as_staff, project):
    as_staff.post(ALERTS, report(project))

    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert alert.incident == incident
    assert incident.restricted
    assert incident.open
    assert (incident.source.name, incident.source.type_id) == ("alerts", "alerts")
    assert incident.source_incident_id == alert.uuid.hex
    assert incident.description == "90 degrees."
    assert incident.start_time == alert.created
    assert [str(relation) for relation in incident.tag_relations.order_by("pk")] == [
        "severity=Warning",
        "alert_type=overheated",
        "scope_type=project",
        "customer=Example Ltd",
    ]
    assert history(alert) == [("STA", "90 degrees.", False)]


def test_the_account_of_the_source_cannot_log_in_and_has_no_rights(project):
    user = make_alert(project).incident.source.user
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser


def test_a_second_report_updates_the_open_alert(as_staff, project):
    first = as_staff.post(ALERTS, report(project)).json()
    as_staff.post(address_of(Alert.objects.get(), "acknowledge"))

    answer = as_staff.post(ALERTS, report(project, severity="Error", message="120 degrees."))

    assert answer.status_code == 201
    assert answer["Location"] == first["url"]
    assert answer.json() == {**first, "severity": "Error", "message": "120 degrees.", "acknowledged": True}
    incident = Incident.objects.get()
    assert incident.description == "120 degrees."
    assert {"severity=Error", "alert_type=overheated"} < {str(tag) for tag in incident.tags.all()}
    assert "severity=Warning" not in {str(tag) for tag in incident.tags.all()}


def test_change_is_an_event_and_quiet_unless_the_severity_rises(as_staff, project):
    for severity, message in [("Warning", "a"), ("Error", "a"), ("Info", "a"), ("Info", "b")]:
        as_staff.post(ALERTS, report(project, severity=severity, message=message))

    assert history(Alert.objects.get()) == [
        ("STA", "a", False),
        ("OTH", "Severity changed from Warning to Error.", False),
        ("OTH", "Severity changed from Error to Info.", True),
        ("OTH", "Message changed from: a\nTo: b", True),
    ]
    assert set(Event.objects.filter(type="OTH").values_list("actor", flat=True)) == {as_staff.user.pk}


def test_an_identical_report_changes_nothing(as_staff, project):
    first = as_staff.post(ALERTS, report(project))
    before = history(Alert.objects.get())
    again = as_staff.post(ALERTS, report(project))
    assert (again.status_code, again.json(), again["Location"]) == (201, first.json(), first["Location"])
    assert history(Alert.objects.get()) == before


def test_another_type_or_another_scope_is_another_alert(as_staff, project):
    instance = make_instance(project)
    for body in (report(project), report(project, alert_type="Overheated"), report(instance)):
        assert as_staff.post(ALERTS, body).status_code == 201
    assert Alert.objects.count() == 3


def test_after_a_close_the_same_report_opens_a_new_alert(as_staff, project):
    old = as_staff.post(ALERTS, report(project)).json()
    as_staff.post(f"{old['url']}close/")
    closed = as_staff.get(old["url"]).json()

    new = as_staff.post(ALERTS, report(project)).json()

    assert new["uuid"] != old["uuid"]
    assert as_staff.get(old["url"]).json() == closed
    assert closed["closed"]
    assert [one["uuid"] for one in as_staff.get(ALERTS).json()] == [new["uuid"], old["uuid"]]


def test_tags_of_operators_are_kept(as_staff, as_superuser, project):
    alert = make_alert(project, alert_type="overheated", severity="Debug")
    tags = [{"tag": str(tag)} for tag in alert.incident.tags.order_by("pk")]
    address = f"/api/v1/incidents/{alert.incident_id}/"
    assert as_superuser.patch(address, {"tags": [*tags, {"tag": "seen=yes"}]}).status_code == 200

    as_staff.post(ALERTS, report(project))

    assert {"seen=yes", "severity=Warning"} < {str(tag) for tag in alert.incident.tags.all()}


def test_context_describes_the_scope_and_its_parents(as_staff, customer, project):
    group = make_project_group(customer, name="Shops")
    make_group_membership(group, project)
    membership = make_cloud_membership(project, make_cloud(customer, name="North"))
    instance = make_instance(project, membership, name="db1")
    of_customer = {
        "customer_uuid": customer.uuid.hex,
        "customer_name": "Example Ltd",
        "customer_abbreviation": "EX",
        "customer_contact_details": "noc@example.org",
    }
    of_group = {"project_group_uuid": group.uuid.hex, "project_group_name": "Shops"}
    of_project = {"project_uuid": project.uuid.hex, "project_name": "Web shop"} | of_group
    of_cloud = {"cloud_uuid": membership.cloud.uuid.hex, "cloud_name": "North"}
    around = {
        customer: {},
        group: of_group,
        project: of_project,
        membership.cloud: of_cloud,
        membership: of_project | of_cloud,
        instance: of_project | of_cloud,
        make_instance(project): of_project,
    }
    for scope, others in around.items():
        shown = as_staff.post(ALERTS, report(scope)).json()["context"]
        assert shown == of_customer | others | {"scope_uuid": scope.uuid.hex, "scope_name": scope.name}


def test_context_is_of_the_last_report(as_staff, project):
    url = as_staff.post(ALERTS, report(project)).json()["url"]
    type(project).objects.update(name="Renamed")
    assert as_staff.get(url).json()["context"]["scope_name"] == "Web shop"
    as_staff.post(ALERTS, report(project))
    assert as_staff.get(url).json()["context"]["scope_name"] == "Renamed"
    assert Event.objects.count() == 1


@pytest.mark.parametrize("host", ["https://elsewhere.example.org:8443", "http://testserver", ""])
def test_scope_is_shown_on_this_host_for_any_posted_host(as_staff, project, host):
    answer = as_staff.post(ALERTS, report(project, scope=link_of(project, host)), headers={"host": "localhost"})
    assert answer.json()["scope"] == link_of(project, "http://localhost")
    assert answer.json()["url"].startswith("http://localhost/api/alerts/")


def test_message_is_stored_as_it_is(as_staff, project):
    message = " {x} %s {0!r} <b>\n"
    shown = as_staff.post(ALERTS, report(project, message=message)).json()
    assert shown["message"] == message


def test_computed_fields_in_the_body_are_ignored(as_staff, project):
    extra = {"uuid": "0" * 32, "created": "x", "closed": "x", "context": 7, "acknowledged": True, "url": 1}
    shown = as_staff.post(ALERTS, report(project, **extra)).json()
    assert shown["uuid"] != "0" * 32
    assert shown["closed"] is None
    assert shown["acknowledged"] is False


NO_SCOPES = [
    7,
    None,
    {},
    [],
    True,
    "",
    "x",
    "http://[",
    "/api/projects/",
    "/api/users/{user}/",
    "/api/projects/{none}/",
]
NO_SCOPES += [
    "/api/projects/{dashed}/",
    "/api/alerts/{none}/",
    "/api/clouds/{project}/",
    "\0",
    "/api/projects/{project}",
]


@pytest.mark.once
@for_each("link", NO_SCOPES)
def test_a_link_to_no_scope_is_refused(as_staff, project, link):
    if isinstance(link, str) and "{" in link:
        link = link.format(
            user=as_staff.user.uuid.hex, none="0" * 32, dashed=str(project.uuid), project=project.uuid.hex
        )
    answer = as_staff.post(ALERTS, report(project, scope=link))
    assert answer.status_code == 400
    assert list(answer.json()) == ["scope"]
    assert isinstance(answer.json()["scope"], list)


BAD_TEXTS = ["", " ", "\n", None, [], {}, True, "a\0b", "\ud800"]
BAD = [
    *(("alert_type", value) for value in [*BAD_TEXTS, "x" * 51]),
    *(("message", value) for value in [*BAD_TEXTS, "x" * 256]),
    *(("severity", value) for value in ["error", "ERROR", "", " Error", 10, "10", None, [], {}, True, ["Error"]]),
]


@pytest.mark.once
@for_each("field, value", BAD)
def test_a_bad_value_is_refused_on_its_field(as_staff, project, field, value):
    answer = as_staff.generic("POST", ALERTS, json.dumps(report(project, **{field: value})), "application/json")
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert not Alert.objects.exists()


def test_texts_of_maximal_length_are_accepted(as_staff, project):
    assert as_staff.post(ALERTS, report(project, alert_type="x" * 50, message="ø" * 255)).status_code == 201


def test_all_errors_are_reported_together(as_staff):
    answer = as_staff.post(ALERTS, {})
    assert answer.status_code == 400
    missing = ["scope", "alert_type", "severity", "message"]
    assert answer.json() == {name: ["This field is required."] for name in missing}


@pytest.mark.parametrize("body", ["[]", "null", "7", '"x"', "true", "[{}]", "{", "", "\xff"])
def test_a_body_that_is_no_object_is_400(as_staff, body):
    answer = as_staff.generic("POST", ALERTS, body, "application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("body", ["{}", "{", "[]", "", '{"scope": "x"}'])
def test_only_staff_may_report_and_others_get_403_for_any_scope(as_admin, as_superuser, body):
    as_superuser.user.is_staff = False
    as_superuser.user.save()
    for client in (as_admin, as_superuser):
        answer = client.generic("POST", ALERTS, body, "application/json")
        assert answer.status_code == 403
        assert list(answer.json()) == ["detail"]


def test_source_system_with_staff_rights_may_do_everything(as_source, project):
    as_source.user.is_staff = True
    as_source.user.save()
    for severity in ("Info", "Error"):
        alert = as_source.post(ALERTS, report(project, severity=severity)).json()
    for _ in range(2):
        assert as_source.post(f"{alert['url']}acknowledge/").status_code == 200
        assert as_source.post(f"{alert['url']}cancel_acknowledgment/").status_code == 200
        assert as_source.post(f"{alert['url']}close/").status_code == 204
    assert [kind for kind, *_ in history(Alert.objects.get())] == ["STA", "OTH", "ACK", "OTH", "CLO", "ACK", "OTH"]


def test_report_about_a_scope_deleted_meanwhile_is_refused(as_staff, project):
    delete_project(type(project).objects.get(), actor=as_staff.user)
    with pytest.raises(DomainError) as refusal:
        raise_alert(project, actor=as_staff.user, alert_type="x", severity=Severity.INFO, message="x")
    assert refusal.value.field == "scope"


def test_new_alert_opens_when_a_future_end_has_passed(as_staff, project):
    alert = make_alert(project, alert_type="overheated")
    Incident.objects.update(end_time=alert.created)
    answer = as_staff.post(ALERTS, report(project))
    assert answer.status_code == 201
    assert answer.json()["uuid"] != alert.uuid.hex
    assert Alert.objects.open().get().uuid.hex == answer.json()["uuid"]


def test_second_close_by_the_service_keeps_the_first_time(as_staff, project):
    alert = make_alert(project)
    close(alert, actor=as_staff.user)
    first = Incident.objects.get().end_time
    close(alert, actor=as_staff.user)
    assert Incident.objects.get().end_time == first
