"""Closing and acknowledging alerts through the alerts API and the incident API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from argus.alert.models import Alert
from argus.incident.creation import create_incident
from argus.incident.models import Acknowledgement, Event, Incident
from argus.incident.services import change_end_time, delete_acknowledgement
from argus.incident.sources import get_internal_source
from argus.inventory.deletion import delete_cloud, delete_instance, delete_project
from argus.inventory.models import Project
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from tests.alert.factories import ALERTS, STATS, address_of, link_of, make_alert, report
from tests.factories import INCIDENTS, NOON, make_incident
from tests.inventory.factories import make_cloud_membership, make_instance, make_project
from tests.tables import for_each

UNKNOWN = "0" * 32


@pytest.fixture
def alert(project) -> Alert:
    return make_alert(project, alert_type="overheated")


def state(client, alert: Alert) -> tuple:
    """What the alerts API says: closed, acknowledged."""
    shown = client.get(address_of(alert)).json()
    return bool(shown["closed"]), shown["acknowledged"]


def incident_state(client, alert: Alert) -> tuple:
    """What the incident API says of the same."""
    shown = client.get(f"{INCIDENTS}{alert.incident_id}/").json()
    return not shown["open"], shown["acked"]


def post_event(client, alert: Alert, kind: str, **values):
    return client.post(f"{INCIDENTS}{alert.incident_id}/events/", {"type": kind, **values})


def test_close_ends_the_incident(as_staff, alert):
    answer = as_staff.post(address_of(alert, "close"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert state(as_staff, alert) == incident_state(as_staff, alert) == (True, False)
    event = alert.incident.events.latest("pk")
    assert (event.type, event.actor, event.quiet) == ("CLO", as_staff.user, False)


def test_an_alert_that_a_server_with_a_fast_clock_has_opened_can_be_closed(as_staff, alert):
    ahead = timezone.now() + timedelta(minutes=1)
    Incident.objects.filter(pk=alert.incident_id).update(start_time=ahead)
    Alert.objects.filter(pk=alert.pk).update(created=ahead)
    assert as_staff.post(address_of(alert, "close")).status_code == 204
    alert.incident.refresh_from_db()
    assert alert.incident.end_time == ahead


def test_a_second_close_keeps_the_first_time_and_writes_no_event(as_staff, alert):
    as_staff.post(address_of(alert, "close"))
    first = as_staff.get(address_of(alert)).json()
    assert as_staff.post(address_of(alert, "close")).status_code == 204
    assert as_staff.get(address_of(alert)).json() == first
    assert Event.objects.count() == 2


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"x": 1}', "\xff"])
@pytest.mark.parametrize("action", ["close", "acknowledge", "cancel_acknowledgment"])
def test_bodies_of_actions_are_ignored(as_staff, alert, action, body):
    if action.startswith("cancel"):
        as_staff.post(address_of(alert, "acknowledge"))
    answer = as_staff.generic("POST", address_of(alert, action), body, "application/json")
    assert answer.status_code in {200, 204}


def test_users_without_permission_to_close_get_403_for_any_uuid(as_admin, as_outsider, as_staff, alert):
    for client in (as_admin, as_outsider):
        for uuid in (alert.uuid.hex, UNKNOWN):
            answer = client.post(f"{ALERTS}{uuid}/close/")
            assert answer.status_code == 403
            assert list(answer.json()) == ["detail"]
    assert as_staff.post(f"{ALERTS}{UNKNOWN}/close/").status_code == 404


def test_users_who_see_an_alert_may_acknowledge_it_and_cancel_that(as_admin, as_staff, alert):
    answer = as_admin.post(address_of(alert, "acknowledge"))
    assert answer.status_code == 200
    assert answer.json() == as_admin.get(address_of(alert)).json()
    assert state(as_admin, alert) == incident_state(as_staff, alert) == (False, True)

    answer = as_staff.post(address_of(alert, "cancel_acknowledgment"))
    assert answer.status_code == 200
    assert answer.json() == as_admin.get(address_of(alert)).json()
    assert state(as_admin, alert) == incident_state(as_staff, alert) == (False, False)


def test_history_names_the_actors(as_admin, as_staff, alert):
    for client, action in [(as_admin, "acknowledge"), (as_staff, "cancel_acknowledgment"), (as_staff, "acknowledge")]:
        client.post(address_of(alert, action))
    events = alert.incident.events.order_by("pk").values_list("type", "actor__username", "quiet")
    assert list(events)[1:] == [("ACK", "admin", False), ("OTH", "staff", False), ("ACK", "staff", False)]
    first, second = Acknowledgement.objects.order_by("pk")
    assert first.expiration <= timezone.now()
    assert second.expiration is None


def test_repeated_action_is_a_conflict(as_admin, alert):
    def post(action: str) -> int:
        answer = as_admin.post(address_of(alert, action))
        assert answer.status_code == 200 or list(answer.json()) == ["detail"]
        return answer.status_code

    assert post("cancel_acknowledgment") == 409
    for _ in range(2):
        assert (post("acknowledge"), post("acknowledge")) == (200, 409)
        assert (post("cancel_acknowledgment"), post("cancel_acknowledgment")) == (200, 409)


def test_closed_alert_can_be_acknowledged(as_staff, alert):
    as_staff.post(address_of(alert, "acknowledge"))
    as_staff.post(address_of(alert, "close"))
    assert state(as_staff, alert) == (True, True)
    assert as_staff.post(address_of(alert, "cancel_acknowledgment")).status_code == 200
    assert as_staff.post(address_of(alert, "acknowledge")).status_code == 200
    assert state(as_staff, alert) == (True, True)


@pytest.mark.parametrize("action", ["acknowledge", "cancel_acknowledgment"])
def test_invisible_alert_is_not_found(as_outsider, alert, action):
    there, missing = (as_outsider.post(f"{ALERTS}{uuid}/{action}/") for uuid in (alert.uuid.hex, UNKNOWN))
    assert there.status_code == missing.status_code == 404
    assert there.content == missing.content


@for_each("method", ["PUT", "PATCH", "DELETE"])
@for_each("address", ["", "{uuid}/", "stats/"])
def test_alerts_are_not_changed_in_other_ways(as_staff, alert, address, method):
    answer = as_staff.generic(method, ALERTS + address.format(uuid=alert.uuid.hex), "{}", "application/json")
    assert answer.status_code == 405
    assert list(answer.json()) == ["detail"]


@for_each("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@for_each("action", ["close", "acknowledge", "cancel_acknowledgment"])
def test_actions_are_posted(as_staff, alert, action, method):
    assert as_staff.generic(method, address_of(alert, action)).status_code == 405


@pytest.mark.parametrize("address", ["", "stats/", "{uuid}/", "{uuid}/close/", "{uuid}/acknowledge/"])
def test_anonymous_requests_get_401_and_options_work(as_stranger, as_admin, alert, address):
    path = ALERTS + address.format(uuid=alert.uuid.hex)
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        answer = as_stranger.generic(method, path)
        assert answer.status_code == 401
        assert list(answer.json()) == ["detail"]
    assert as_admin.options(path).status_code == 200
    if address in {"", "stats/", "{uuid}/"}:
        head, get = as_admin.head(path), as_admin.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert known_headers(head) == known_headers(get)


def known_headers(answer) -> dict:
    """All headers but the name of the request."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}


def test_token_in_the_query_is_ignored(as_stranger, as_staff):
    assert as_stranger.get(f"{ALERTS}?x-auth-token=Token%20{as_staff.token.key}").status_code == 401


@pytest.mark.parametrize("spelling", ["{dashed}", "{upper}", "x", "{hex}0", "1", "stat", "{hex}%00"])
def test_another_spelling_of_a_uuid_is_another_address(as_staff, alert, spelling):
    uuid = alert.uuid
    text = spelling.format(dashed=uuid, upper=f"A{uuid.hex[1:]}".upper(), hex=uuid.hex)
    assert as_staff.get(f"{ALERTS}{text}/").status_code == 404


def test_alert_is_closed_and_acknowledged_through_its_incident(as_staff, as_admin, alert):
    as_staff.post(f"{INCIDENTS}{alert.incident_id}/acks/", {"event": {"timestamp": "2024-05-15T12:00:00Z"}})
    assert state(as_admin, alert) == (False, True)
    post_event(as_staff, alert, "CLO")
    assert state(as_admin, alert) == (True, True)
    assert as_admin.post(address_of(alert, "acknowledge")).status_code == 409
    assert as_staff.post(address_of(alert, "close")).status_code == 204
    # A new alert can be opened at once.
    assert as_staff.post(ALERTS, report(alert_scope(alert))).json()["uuid"] != alert.uuid.hex


def alert_scope(alert: Alert):
    return Project.objects.get(uuid=alert.scope_uuid)


def test_expired_acknowledgement_does_not_count(as_staff, alert):
    times = {"event": {"timestamp": "2024-05-15T12:00:00Z"}, "expiration": "2024-05-15T13:00:00Z"}
    assert as_staff.post(f"{INCIDENTS}{alert.incident_id}/acks/", times).status_code == 201
    assert state(as_staff, alert) == (False, False)
    assert as_staff.post(address_of(alert, "cancel_acknowledgment")).status_code == 409
    assert as_staff.post(address_of(alert, "acknowledge")).status_code == 200


def test_a_cancelled_acknowledgement_does_not_come_back_when_another_is_deleted(as_staff, alert):
    as_staff.post(address_of(alert, "acknowledge"))
    as_staff.post(address_of(alert, "cancel_acknowledgment"))
    as_staff.post(address_of(alert, "acknowledge"))
    delete_acknowledgement(Acknowledgement.objects.latest("pk"), actor=as_staff.user)
    assert state(as_staff, alert) == incident_state(as_staff, alert) == (False, False)


def test_alert_is_reopened_through_its_incident(as_staff, as_admin, alert):
    as_staff.post(address_of(alert, "close"))
    assert post_event(as_staff, alert, "REO").status_code == 201
    assert state(as_admin, alert) == (False, False)
    again = as_staff.post(ALERTS, report(alert_scope(alert)))
    assert again.json()["uuid"] == alert.uuid.hex


def test_alert_is_not_reopened_while_a_newer_one_is_open(as_staff, alert):
    as_staff.post(address_of(alert, "close"))
    newer = make_alert(alert_scope(alert), alert_type="overheated")

    answer = post_event(as_staff, alert, "REO")

    assert answer.status_code == 400
    assert list(answer.json()) == ["type"]
    assert "newer" in answer.json()["type"]
    assert incident_state(as_staff, alert) == (True, False)
    assert not Event.objects.filter(type="REO").exists()
    # It can be reopened when the newer one is closed.
    as_staff.post(address_of(newer, "close"))
    assert post_event(as_staff, alert, "REO").status_code == 201


def test_an_end_changed_in_the_admin_counts(as_staff, alert):
    change_end_time(alert.incident, timezone.now(), actor=as_staff.user)
    newer = as_staff.post(ALERTS, report(alert_scope(alert))).json()["uuid"]
    assert newer != alert.uuid.hex
    with pytest.raises(DomainError, match="newer"):
        change_end_time(alert.incident, INFINITY, actor=as_staff.user)
    as_staff.post(f"{ALERTS}{newer}/close/")
    change_end_time(alert.incident, INFINITY, actor=as_staff.user)
    assert as_staff.post(ALERTS, report(alert_scope(alert))).json()["uuid"] == alert.uuid.hex


def test_an_end_moved_into_the_future_and_removed_again(as_staff, alert):
    change_end_time(alert.incident, timezone.now() + timedelta(hours=1), actor=as_staff.user)
    assert Alert.objects.open().get() == alert
    change_end_time(alert.incident, INFINITY, actor=as_staff.user)
    assert as_staff.post(ALERTS, report(alert_scope(alert))).json()["uuid"] == alert.uuid.hex


def test_alert_with_an_end_in_the_future_is_open(as_staff, alert):
    end = timezone.now() + timedelta(hours=1)
    assert post_event(as_staff, alert, "CLO", timestamp=end.isoformat()).status_code == 201
    assert state(as_staff, alert) == (False, False)
    assert as_staff.post(ALERTS, report(alert_scope(alert))).json()["uuid"] == alert.uuid.hex


def test_other_events_change_nothing(as_staff, alert):
    before = as_staff.get(address_of(alert)).json()
    assert post_event(as_staff, alert, "OTH", description="Looking into it.").status_code == 201
    assert as_staff.get(address_of(alert)).json() == before


def test_other_incidents_of_the_source_are_not_alerts(as_staff, db):
    source = get_internal_source("alerts")
    incident = create_incident(
        source, actor=source.user, start_time=NOON, end_time=INFINITY, source_incident_id="no uuid"
    )
    assert as_staff.post(f"{INCIDENTS}{incident.pk}/events/", {"type": "CLO"}).status_code == 201
    assert as_staff.get(ALERTS).json() == []


def test_other_incidents_cost_no_query_for_alerts(as_staff):
    incident = make_incident()
    make_alert()
    with CaptureQueriesContext(connection) as queries:
        as_staff.post(f"{INCIDENTS}{incident.pk}/events/", {"type": "CLO"})
    assert not [one for one in queries.captured_queries if "argus_alert" in one["sql"]]


def test_incident_of_an_alert_is_visible_to_staff_only(as_staff, as_admin, alert):
    assert [one["pk"] for one in as_staff.get(f"{INCIDENTS}open/").json()] == [alert.incident_id]
    tagged = as_staff.get(f"{INCIDENTS}?tags=alert_type=overheated,severity=Warning,scope_type=project").json()
    assert [one["pk"] for one in tagged["results"]] == [alert.incident_id]
    assert as_admin.get(f"{INCIDENTS}open/").json() == []
    assert as_admin.get(f"{INCIDENTS}{alert.incident_id}/").status_code == 404


def test_alerts_on_deleted_objects_are_closed_and_visible_to_staff(as_staff, as_admin, project):
    instance = make_instance(project, name="db1")
    open_one, closed_one = make_alert(instance), make_alert(instance)
    other = make_alert(project)
    as_staff.post(address_of(closed_one, "close"))
    ended = as_staff.get(address_of(closed_one)).json()["closed"]
    assert as_admin.get(STATS).json()["warning"] == 3

    delete_instance(instance, actor=as_admin.user)

    shown = as_staff.get(address_of(open_one)).json()
    assert shown["closed"]
    assert shown["scope"] is None
    assert shown["context"]["scope_name"] == "db1"
    event = open_one.incident.events.latest("pk")
    assert (event.type, event.actor, event.description) == ("CLO", as_admin.user, "db1 was deleted.")
    assert as_staff.get(address_of(closed_one)).json()["closed"] == ended
    assert len(as_staff.get(ALERTS).json()) == 3
    assert [one["uuid"] for one in as_admin.get(ALERTS).json()] == [other.uuid.hex]
    assert as_admin.get(address_of(open_one)).status_code == 404
    assert as_admin.post(address_of(open_one, "acknowledge")).status_code == 404
    assert as_staff.get(f"{ALERTS}?scope={link_of(instance)}").status_code == 400


def test_alerts_on_objects_deleted_by_cascade_are_closed(as_staff, customer):
    membership = make_cloud_membership(make_project(customer))
    alerts = [make_alert(membership), make_alert(membership.cloud)]
    delete_cloud(membership.cloud, actor=as_staff.user)
    assert [as_staff.get(address_of(alert)).json()["scope"] for alert in alerts] == [None, None]
    assert {state(as_staff, alert)[0] for alert in alerts} == {True}


def test_one_of_two_alerts_on_a_deleted_object_can_be_reopened(as_staff, project):
    first = make_alert(project, alert_type="overheated")
    as_staff.post(address_of(first, "close"))
    second = make_alert(project, alert_type="overheated")
    delete_project(project, actor=as_staff.user)
    assert post_event(as_staff, second, "REO").status_code == 201
    assert post_event(as_staff, first, "REO").status_code == 400


def test_alert_is_deleted_with_its_incident(as_staff, alert):
    Incident.objects.all().delete()
    assert as_staff.get(address_of(alert)).status_code == 404
    assert as_staff.get(ALERTS).json() == []
