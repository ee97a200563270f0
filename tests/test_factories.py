"""The fixtures that the other tests stand on."""

from tests.factories import INCIDENTS, make_ack, make_event, make_incident, make_incidents


def test_each_client_is_who_it_says_it_is(as_user, as_superuser, as_source, as_other_source, as_stranger):
    clients = [as_user, as_superuser, as_source, as_other_source, as_stranger]
    assert [client.get(INCIDENTS).status_code for client in clients] == [200, 200, 200, 200, 401]
    assert as_source.source.user == as_source.user
    assert as_user.source is as_superuser.source is as_stranger.source is None


def test_the_browser_has_a_session_and_gets_html(as_browser):
    answer = as_browser.get(INCIDENTS)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")


def test_an_incident_is_posted_with_one_call(post_incident, as_source):
    assert post_incident(description="Down")["description"] == "Down"
    assert post_incident()["source"]["pk"] == as_source.source.pk


def test_rows_are_made_by_the_services(db):
    incident = make_incident(tags=["a=b"])
    make_event(incident, "END")
    make_ack(incident)
    assert sorted(incident.events.values_list("type", flat=True)) == ["ACK", "END", "STA"]
    assert len(make_incidents(3, incident.source)) == 3
