"""Restricted incidents are sent to staff only, and leave no visible gap for other users."""

from argus.alert import services as alerts
from argus.incident.lifecycle import EventType
from tests.alert.factories import make_alert
from tests.factories import make_ack, make_client, make_event, make_incident, make_superuser, make_user
from tests.inventory.factories import make_project, make_role
from tests.ws.server import connected, position


def test_restricted_incident_is_sent_to_staff_only_and_leaves_no_gap(server, as_user, as_superuser):
    open_to_all, hidden = make_incident(), make_incident(restricted=True)
    with connected(server, as_user.token.key) as one, connected(server, as_superuser.token.key) as staff:
        first = one.subscribe()
        assert [one["pk"] for one in first["start_incidents"]] == [open_to_all.pk]
        assert [one["pk"] for one in staff.subscribe()["start_incidents"]] == [hidden.pk, open_to_all.pk]

        make_ack(hidden)
        make_event(hidden, EventType.CLOSE)
        make_ack(open_to_all)

        message = one.receive()
        assert message["payload"]["pk"] == open_to_all.pk
        assert message["sequence"] == first["sequence"] + 1
        assert [staff.receive()["payload"]["pk"] for _ in range(3)] == [hidden.pk, hidden.pk, open_to_all.pk]
        assert one.receives_nothing()


def test_restricted_incident_is_not_among_missed_messages(server, as_user, as_superuser):
    with connected(server, as_user.token.key) as one, connected(server, as_superuser.token.key) as staff:
        since, wider = position(one.subscribe()), position(staff.subscribe())
    make_incident(restricted=True)
    shown = make_incident()
    with connected(server, as_user.token.key) as one:
        assert one.subscribe(since=since)["type"] == "resumed"
        assert one.receive()["payload"]["pk"] == shown.pk
        assert one.receives_nothing()

        # The stream of another audience.
        assert one.subscribe(since=wider)["type"] == "reload"


def test_changes_of_an_alert_are_sent_to_staff_and_not_to_the_admin_of_its_project(server, as_superuser):
    project = make_project()
    admin = make_user()
    make_role(project, admin)
    with connected(server, as_superuser.token.key) as staff, connected(server, make_client(admin).token.key) as one:
        staff.subscribe()
        one.subscribe()

        alert = make_alert(project, severity="Info")
        make_alert(project, alert_type=alert.alert_type, severity="Error")
        alerts.acknowledge(alert, actor=admin)
        alerts.close(alert, actor=make_superuser())

        messages = [staff.receive() for _ in range(4)]
        assert [message["type"] for message in messages] == ["created", "modified", "modified", "modified"]
        assert {message["payload"]["pk"] for message in messages} == {alert.incident_id}
        last = messages[-1]["payload"]
        assert (last["open"], last["acked"]) == (False, True)
        assert "severity=Error" in [tag["tag"] for tag in last["tags"]]
        assert one.receives_nothing()
