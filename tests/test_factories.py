"""The factories and client fixtures of the suite."""

from tests.factories import INCIDENTS, make_ack, make_event, make_incident, make_incidents


def test_clients_have_their_account(as_user, as_superuser, as_source, as_other_source, as_stranger):
    clients = [as_user, as_superuser, as_source, as_other_source, as_stranger]
    assert [client.get(INCIDENTS).status_code for client in clients] == [200, 200, 200, 200, 401]
    assert as_source.source.user == as_source.user
    assert as_user.source is as_superuser.source is as_stranger.source is None


def test_browser_has_a_session_and_gets_html(as_browser):
    answer = as_browser.get(INCIDENTS)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")


def test_post_incident_returns_the_body(post_incident, as_source):
    assert post_incident(description="Down")["description"] == "Down"
    assert post_incident()["source"]["pk"] == as_source.source.pk


def test_factories_use_the_services(db):
    incident = make_incident(tags=["a=b"])
    make_event(incident, "END")
    make_ack(incident)
    assert sorted(incident.events.values_list("type", flat=True)) == ["ACK", "END", "STA"]
    assert len(make_incidents(3, incident.source)) == 3
