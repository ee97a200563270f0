"""What a subscribed client receives."""

from datetime import timedelta

import pytest
from django.db import transaction
from websockets.exceptions import InvalidStatus

from argus.incident import services
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident
from argus.ws import feed
from tests.factories import INCIDENTS, NOON, incident_body, make_ack, make_event, make_incident, make_incidents
from tests.ws.server import connected, pks

KEYS = {
    *("pk", "start_time", "end_time", "source", "source_incident_id", "details_url", "description"),
    *("ticket_url", "tags", "stateful", "open", "acked"),
}


def test_subscriber_receives_the_newest_open_incidents_and_then_every_change(server, as_user, as_source):
    source = as_source.source
    incidents = make_incidents(30, source)
    make_incident(source, end_time=NOON + timedelta(hours=1), start_time=NOON + timedelta(hours=1))
    make_incident(source, end_time=None, start_time=NOON + timedelta(hours=2))
    with connected(server, as_user.token.key) as client:
        answer = client.subscribe()

        assert set(answer) == {"type", "channel_name", "start_incidents", "stream", "sequence"}
        assert answer["type"] == "subscribed"
        assert answer["channel_name"]
        assert [one["pk"] for one in answer["start_incidents"]] == [one.pk for one in incidents[:4:-1]]
        assert {frozenset(one) for one in answer["start_incidents"]} == {frozenset(KEYS)}

        new = make_incident(source, tags=["host=sw-1"])
        message = client.receive()
        assert set(message) == {"type", "payload", "stream", "sequence"}
        assert message["type"] == "created"
        assert message["payload"] == as_user.get(f"{INCIDENTS}{new.pk}/").json()
        assert message["sequence"] == answer["sequence"] + 1


def test_every_kind_of_change_has_a_message_with_the_present_state(server, as_user, as_source, as_browser):
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        pk = as_source.post(INCIDENTS, incident_body(tags=[{"tag": "host=a"}])).json()["pk"]
        created = client.receive()
        assert (created["type"], tags_of(created)) == ("created", ["host=a"])
        url = f"{INCIDENTS}{pk}/"

        assert as_source.patch(url, {"tags": [{"tag": "host=b"}, {"tag": "x=y"}]}).status_code == 200
        assert tags_of(modified(client)) == ["host=b", "x=y"]
        assert as_user.patch(url, {"details_url": "https://example.org/a"}).status_code == 200
        assert modified(client)["payload"]["details_url"] == "https://example.org/a"
        assert as_user.put(f"{url}ticket_url/", {"ticket_url": "https://t.example.org/1"}).status_code == 200
        assert modified(client)["payload"]["ticket_url"] == "https://t.example.org/1"
        assert as_user.post(f"{url}acks/", {"event": {}}).status_code == 201
        assert modified(client)["payload"]["acked"] is True
        assert as_user.post(f"{url}events/", {"type": "CLO"}).status_code == 201
        assert modified(client)["payload"]["open"] is False
        assert as_user.post(f"{url}events/", {"type": "REO"}).status_code == 201
        assert modified(client)["payload"]["open"] is True
        end = {"type": "END", "timestamp": "2024-05-15T15:00:00+02:00"}
        assert as_source.post(f"{url}events/", end).status_code == 201
        assert modified(client)["payload"]["end_time"] == "2024-05-15T15:00:00+02:00"
        services.change_tags(Incident.objects.get(pk=pk), actor=as_browser.user, added=[("host", "c")])
        assert tags_of(modified(client)) == ["host=b", "x=y", "host=c"]
        services.delete_acknowledgement(make_ack(Incident.objects.get(pk=pk)), actor=as_browser.user)
        assert [modified(client)["payload"]["acked"] for _ in range(2)] == [True, True]
        assert client.receives_nothing()


def tags_of(message: dict) -> list[str]:
    return [one["tag"] for one in message["payload"]["tags"]]


def modified(client) -> dict:
    message = client.receive()
    assert message["type"] == "modified"
    return message


def test_event_without_effect_has_no_message(server, as_user):
    incident = make_incident()
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        make_event(incident, EventType.OTHER)
        make_event(incident, EventType.CLOSE)

        assert client.receive()["payload"]["open"] is False
        assert client.receives_nothing()


def test_client_that_has_not_subscribed_receives_nothing(server, as_user):
    with connected(server, as_user.token.key) as silent, connected(server, as_user.token.key) as client:
        client.subscribe()
        make_incident()
        client.receive()

        assert silent.receives_nothing()


def test_change_that_is_rolled_back_has_no_message(server, as_user):
    with connected(server, as_user.token.key) as client:
        client.subscribe()
        with transaction.atomic():
            make_incident(source_incident_id="never")
            transaction.set_rollback(True)
        make_incident(source_incident_id="stored")

        assert client.receive()["payload"]["source_incident_id"] == "stored"


@pytest.mark.parametrize("request_", ["{", '{"action": "dance"}', b"\x00\xff", '{"action": "subscribe", "since": 3}'])
def test_invalid_request_is_answered_with_an_error_and_the_connection_stays(server, as_user, request_):
    with connected(server, as_user.token.key) as client:
        assert set(client.request(request_)) == {"error"}
        assert client.subscribe()["type"] == "subscribed"


def test_frame_above_the_limit_closes_this_connection_only(server, as_user):
    with connected(server, as_user.token.key) as other, connected(server, as_user.token.key) as client:
        client.subscribe()
        other.send("x" * 100_000)

        assert other.close_code() == 1009
        make_incident()
        assert client.receive()["type"] == "created"


def test_second_subscription_returns_a_new_list_and_repeats_no_message(server, as_user):
    with connected(server, as_user.token.key) as client:
        assert client.subscribe()["start_incidents"] == []
        first = make_incident()
        assert client.receive()["payload"]["pk"] == first.pk
        assert [one["pk"] for one in client.subscribe()["start_incidents"]] == [first.pk]
        second = make_incident()

        assert client.receive()["payload"]["pk"] == second.pk
        assert client.receives_nothing()


def test_unknown_path_is_refused(server, as_user):
    server.url = server.url.replace("/open/", "/closed/")
    with pytest.raises(InvalidStatus), connected(server, as_user.token.key):
        pass


def test_all_clients_receive_the_same_messages(server, as_user, as_source):
    with connected(server, as_user.token.key) as one, connected(server, as_source.token.key) as other:
        one.subscribe()
        other.subscribe()
        make_incidents(20)

        assert one.receive_many(20) == other.receive_many(20)


def test_servers_without_the_extension_send_the_same_messages(memory_layer, open_server, as_user):
    with (
        connected(open_server(), as_user.token.key) as one,
        connected(open_server(ws="websockets-sansio"), as_user.token.key) as other,
    ):
        one.subscribe()
        other.subscribe()
        incidents = make_incidents(20)

        payloads = [message["payload"] for message in one.receive_many(20)]
        assert [payload["pk"] for payload in payloads] == [incident.pk for incident in incidents]
        assert [message["payload"] for message in other.receive_many(20)] == payloads


def test_change_committed_while_the_list_is_read_has_a_message(memory_layer, open_server, monkeypatch, as_user):
    reads = []

    def read_first_list(audience):
        # The position is fixed by now, so this change has a message although it is in the list as well.
        reads.append(make_incident())
        return read(audience)

    read = feed.read_first_list
    monkeypatch.setattr(feed, "read_first_list", read_first_list)
    with connected(open_server(), as_user.token.key) as client:
        answer = client.subscribe()

        assert [one["pk"] for one in answer["start_incidents"]] == [reads[0].pk]
        assert pks([client.receive()]) == [reads[0].pk]
