"""What clients of the websocket live through, on both layers."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from websockets.exceptions import InvalidStatus

from argus.incident import acknowledgements, services
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident
from tests.factories import INCIDENTS, NOON, incident_body, make_ack, make_event, make_incident, make_incidents
from tests.ws.server import following

KEYS = {
    *("pk", "start_time", "end_time", "source", "source_incident_id", "details_url", "description"),
    *("ticket_url", "tags", "stateful", "open", "acked"),
}
NONSENSE = [
    ("{", "the message is not JSON"),
    ("", "the message is not JSON"),
    ("[" * 5_000, "the message is not JSON"),
    ('{"action": "\\ud800"}', "the message is not JSON"),
    ("x" * 20_000, "the message is too long"),
    ("[]", "the message is not a JSON object"),
    ("null", "the message is not a JSON object"),
    ("{}", "unknown action None"),
    ('{"action": "dance"}', "unknown action dance"),
    ('{"action": "\\u0000"}', "unknown action \0"),
    ('{"action": ["subscribe"]}', "unknown action ['subscribe']"),
    (b"\x00\xff", "only text is understood, not binary frames"),
    (b'{"action": "subscribe"}', "only text is understood, not binary frames"),
    ('{"action": "subscribe", "since": 3}', "since must be null or an object with stream and sequence"),
    ('{"action": "subscribe", "since": {"sequence": 3}}', "since.stream must be a text"),
    *(
        (f'{{"action": "subscribe", "since": {{"stream": "x", "sequence": {number}}}}}', "since.sequence must be")
        for number in ("-1", "true", "1.0", '"1"', "null")
    ),
]


def test_subscriber_sees_the_newest_open_incidents_first_and_then_every_change(server, as_user, as_source):
    source = as_source.source
    incidents = make_incidents(30, source)
    make_incident(source, end_time=NOON + timedelta(hours=1), start_time=NOON + timedelta(hours=1))
    make_incident(source, end_time=None, start_time=NOON + timedelta(hours=2))
    with following(server, as_user.token.key) as follower:
        answer = follower.subscribe()

        assert set(answer) == {"type", "channel_name", "start_incidents", "stream", "sequence"}
        assert answer["type"] == "subscribed"
        assert answer["channel_name"]
        assert [one["pk"] for one in answer["start_incidents"]] == [one.pk for one in incidents[:4:-1]]
        assert {frozenset(one) for one in answer["start_incidents"]} == {frozenset(KEYS)}

        new = make_incident(source, tags=["host=sw-1"])
        message = follower.hear()
        assert set(message) == {"type", "payload", "stream", "sequence"}
        assert message["type"] == "created"
        assert message["payload"] == as_user.get(f"{INCIDENTS}{new.pk}/").json()
        assert (message["stream"], message["sequence"]) == (answer["stream"], answer["sequence"] + 1)


def test_every_way_of_writing_is_announced_with_what_is_true_then(server, as_user, as_source, as_browser):
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        pk = as_source.post(INCIDENTS, incident_body(tags=[{"tag": "host=a"}])).json()["pk"]
        created = follower.hear()
        assert (created["type"], tags_of(created)) == ("created", ["host=a"])
        url = f"{INCIDENTS}{pk}/"

        assert as_source.patch(url, {"tags": [{"tag": "host=b"}, {"tag": "x=y"}]}).status_code == 200
        assert tags_of(modified(follower)) == ["host=b", "x=y"]
        assert as_user.patch(url, {"details_url": "https://example.org/a"}).status_code == 200
        assert modified(follower)["payload"]["details_url"] == "https://example.org/a"
        assert as_user.put(f"{url}ticket_url/", {"ticket_url": "https://t.example.org/1"}).status_code == 200
        assert modified(follower)["payload"]["ticket_url"] == "https://t.example.org/1"
        assert as_user.post(f"{url}acks/", {"event": {}}).status_code == 201
        assert modified(follower)["payload"]["acked"] is True
        assert as_user.post(f"{url}events/", {"type": "CLO"}).status_code == 201
        assert modified(follower)["payload"]["open"] is False
        assert as_user.post(f"{url}events/", {"type": "REO"}).status_code == 201
        assert modified(follower)["payload"]["open"] is True
        end = {"type": "END", "timestamp": "2024-05-15T15:00:00+02:00"}
        assert as_source.post(f"{url}events/", end).status_code == 201
        assert modified(follower)["payload"]["end_time"] == "2024-05-15T15:00:00+02:00"
        services.change_tags(Incident.objects.get(pk=pk), actor=as_browser.user, added=[("host", "c")])
        assert tags_of(modified(follower)) == ["host=b", "x=y", "host=c"]
        acknowledgements.delete_acknowledgement(make_ack(Incident.objects.get(pk=pk)), actor=as_browser.user)
        assert [modified(follower)["payload"]["acked"] for _ in range(2)] == [True, True]
        assert follower.hears_nothing()


def tags_of(message: dict) -> list[str]:
    return [one["tag"] for one in message["payload"]["tags"]]


def modified(follower) -> dict:
    message = follower.hear()
    assert message["type"] == "modified"
    return message


def test_event_that_changes_nothing_is_not_announced(server, as_user):
    incident = make_incident()
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        make_event(incident, EventType.OTHER)
        make_event(incident, EventType.CLOSE)

        assert follower.hear()["payload"]["open"] is False
        assert follower.hears_nothing()


def test_nobody_is_told_before_having_subscribed(server, as_user):
    with following(server, as_user.token.key) as silent, following(server, as_user.token.key) as follower:
        follower.subscribe()
        make_incident()
        follower.hear()

        assert silent.hears_nothing()


def test_what_is_rolled_back_is_not_announced(server, as_user):
    with following(server, as_user.token.key) as follower:
        follower.subscribe()
        with transaction.atomic():
            make_incident(source_incident_id="never")
            transaction.set_rollback(True)
        make_incident(source_incident_id="stored")

        assert follower.hear()["payload"]["source_incident_id"] == "stored"


def test_nonsense_gets_an_error_message_and_the_socket_stays(server, as_user):
    with following(server, as_user.token.key) as follower:
        for nonsense, words in NONSENSE:
            answer = follower.ask(nonsense)
            assert set(answer) == {"error"}, nonsense
            assert answer["error"].startswith(words), nonsense

        assert follower.subscribe()["type"] == "subscribed"


def test_message_that_is_far_too_long_ends_this_socket_only(server, as_user):
    with following(server, as_user.token.key) as rude, following(server, as_user.token.key) as follower:
        follower.subscribe()
        rude.say("x" * 100_000)

        assert rude.close_code() == 1009
        make_incident()
        assert follower.hear()["type"] == "created"


def test_subscribing_again_gives_a_fresh_list_and_nothing_twice(server, as_user):
    with following(server, as_user.token.key) as follower:
        assert follower.subscribe()["start_incidents"] == []
        first = make_incident()
        assert follower.hear()["payload"]["pk"] == first.pk
        assert [one["pk"] for one in follower.subscribe()["start_incidents"]] == [first.pk]
        second = make_incident()

        assert follower.hear()["payload"]["pk"] == second.pk
        assert follower.hears_nothing()


def test_other_addresses_are_refused(server, as_user):
    server.url = server.url.replace("/open/", "/closed/")
    with pytest.raises(InvalidStatus), following(server, as_user.token.key):
        pass


def test_all_who_follow_are_told_the_same(server, as_user, as_source):
    with following(server, as_user.token.key) as one, following(server, as_source.token.key) as other:
        one.subscribe()
        other.subscribe()
        make_incidents(20)

        assert [json.dumps(message) for message in one.hear_many(20)] == [
            json.dumps(message) for message in other.hear_many(20)
        ]
