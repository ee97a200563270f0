"""What is for staff alone: others neither see it nor see that there was something."""

from argus.alert import services as alerts
from argus.incident.lifecycle import EventType
from tests.alert.factories import make_alert
from tests.factories import make_ack, make_client, make_event, make_incident, make_superuser, make_user
from tests.inventory.factories import make_project, make_role
from tests.ws.server import following


def test_restricted_incident_is_told_to_staff_alone_and_leaves_no_gap(server, as_user, as_superuser):
    open_to_all, hidden = make_incident(), make_incident(restricted=True)
    with following(server, as_user.token.key) as one, following(server, as_superuser.token.key) as staff:
        first = one.subscribe()
        assert pks(first["start_incidents"]) == [open_to_all.pk]
        assert pks(staff.subscribe()["start_incidents"]) == [hidden.pk, open_to_all.pk]

        make_ack(hidden)
        make_event(hidden, EventType.CLOSE)
        make_ack(open_to_all)

        message = one.hear()
        assert message["payload"]["pk"] == open_to_all.pk
        assert message["sequence"] == first["sequence"] + 1
        assert [staff.hear()["payload"]["pk"] for _ in range(3)] == [hidden.pk, hidden.pk, open_to_all.pk]
        assert one.hears_nothing()


def test_restricted_incident_is_not_among_what_was_missed(server, as_user, as_superuser):
    with following(server, as_user.token.key) as one, following(server, as_superuser.token.key) as staff:
        since, wider = place(one.subscribe()), place(staff.subscribe())
    make_incident(restricted=True)
    shown = make_incident()
    with following(server, as_user.token.key) as one:
        assert one.subscribe(since=since)["type"] == "resumed"
        assert one.hear()["payload"]["pk"] == shown.pk
        assert one.hears_nothing()

        # Staff's numbers are none of theirs.
        assert one.subscribe(since=wider)["type"] == "reload"


def test_staff_follow_an_alert_from_its_raising_to_its_end_and_the_project_s_admin_does_not(server, as_superuser):
    project = make_project()
    admin = make_user()
    make_role(project, admin)
    with following(server, as_superuser.token.key) as staff, following(server, make_client(admin).token.key) as one:
        staff.subscribe()
        one.subscribe()

        alert = make_alert(project, severity="Info")
        make_alert(project, alert_type=alert.alert_type, severity="Error")
        alerts.acknowledge(alert, actor=admin)
        alerts.close(alert, actor=make_superuser())

        messages = [staff.hear() for _ in range(4)]
        assert [message["type"] for message in messages] == ["created", "modified", "modified", "modified"]
        assert {message["payload"]["pk"] for message in messages} == {alert.incident_id}
        last = messages[-1]["payload"]
        assert (last["open"], last["acked"]) == (False, True)
        assert "severity=Error" in [tag["tag"] for tag in last["tags"]]
        assert one.hears_nothing()


def pks(incidents: list[dict]) -> list[int]:
    return [incident["pk"] for incident in incidents]


def place(message: dict) -> dict:
    return {"stream": message["stream"], "sequence": message["sequence"]}
