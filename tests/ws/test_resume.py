"""A client that was away gets exactly what it missed, or is told to reload."""

import random
import threading

import pytest

from argus.ws import journal, window
from argus.ws.publisher import publisher
from argus.ws.setup import current_journal
from tests.factories import make_ack, make_incident, make_incidents
from tests.parallel import at_once
from tests.ws.server import following, wait_until

FOLLOWED = "{argus.live}:followed"


def place(message: dict) -> dict:
    return {"stream": message["stream"], "sequence": message["sequence"]}


def pks(messages: list[dict]) -> list[int]:
    return [message["payload"]["pk"] for message in messages]


@pytest.fixture
def away(server, as_user):
    """The place of a client that has followed and gone."""
    with following(server, as_user.token.key) as follower:
        return place(follower.subscribe(since=None))


def test_what_was_missed_comes_first_then_what_happens(server, as_user, away):
    missed = make_incidents(5)
    with following(server, as_user.token.key) as follower:
        answer = follower.subscribe(since=away)
        assert (answer["type"], place(answer)) == ("resumed", away)
        assert "start_incidents" not in answer
        later = make_incidents(3)

        messages = follower.hear_many(8)
        assert pks(messages) == [one.pk for one in missed + later]
        first = away["sequence"] + 1
        assert [message["sequence"] for message in messages] == list(range(first, first + 8))
        assert {message["stream"] for message in messages} == {away["stream"]}
        assert follower.hears_nothing()


def test_client_that_missed_nothing_is_told_nothing(server, as_user, away):
    with following(server, as_user.token.key) as follower:
        assert follower.subscribe(since=away)["type"] == "resumed"
        assert follower.hears_nothing()


def test_more_than_the_window_holds_comes_from_the_journal(server, monkeypatch, as_user, away):
    monkeypatch.setattr(window, "MOST_CHARACTERS", 3_000)
    monkeypatch.setattr(journal, "PORTION", 7)
    monkeypatch.setattr("argus.ws.redis_journal.PORTION", 7)
    missed = make_incidents(40)
    with following(server, as_user.token.key) as follower:
        assert follower.subscribe(since=away)["type"] == "resumed"

        assert pks(follower.hear_many(40)) == [one.pk for one in missed]
        assert follower.hears_nothing()


@pytest.mark.parametrize(
    "change",
    [{"stream": "nobody.everyone"}, {"stream": ""}, {"stream": "x\0y"}, {"sequence": 10**6}, {"sequence": 2**62}],
    ids=str,
)
def test_unknown_stream_or_number_is_a_reason_to_reload_and_then_to_follow(server, as_user, away, change):
    make_incident()
    with following(server, as_user.token.key) as follower:
        answer = follower.subscribe(since=away | change)
        assert set(answer) == {"type", "channel_name", "stream", "sequence"}
        assert answer["type"] == "reload"
        assert place(answer) == away | {"sequence": away["sequence"] + 1}

        later = make_incident()
        assert pks([follower.hear()]) == [later.pk]


def test_what_is_too_long_ago_is_a_reason_to_reload(server, monkeypatch, as_user, away):
    monkeypatch.setattr(journal, "MOST_ENTRIES", 5)
    monkeypatch.setattr("argus.ws.redis_journal.MOST_ENTRIES", 5)
    monkeypatch.setattr(window, "MOST_CHARACTERS", 1_000)
    incidents = make_incidents(7)
    with following(server, as_user.token.key) as follower:
        # Not before all is told.
        wait_until(lambda: follower.subscribe()["sequence"] == away["sequence"] + 7)
        assert follower.subscribe(since=away)["type"] == "resumed"
        assert follower.hear()["type"] == "reload"

        assert follower.subscribe(since=away | {"sequence": away["sequence"] + 2})["type"] == "resumed"
        assert pks(follower.hear_many(5)) == [one.pk for one in incidents[2:]]


def test_two_processes_agree_on_the_numbers(redis_layer, open_server, as_user):
    here, there = open_server(), open_server()
    with following(here, as_user.token.key) as one, following(there, as_user.token.key) as other:
        assert place(one.subscribe()) == place(other.subscribe())
        make_incidents(10)
        heard = one.hear_many(10)
        assert other.hear_many(10) == heard
    missed = make_incidents(5)
    with following(there, as_user.token.key) as one:
        assert one.subscribe(since=place(heard[-1]))["type"] == "resumed"
        assert pks(one.hear_many(5)) == [incident.pk for incident in missed]


def test_where_nobody_has_followed_for_long_whoever_comes_back_must_reload(redis_layer, open_server, as_user):
    server, journal = open_server(), current_journal()
    with following(server, as_user.token.key) as follower:
        before = place(follower.subscribe())
    assert 0 < journal.client.ttl(FOLLOWED) <= 900
    make_incident()
    publisher.flush()
    assert journal.client.lrange("{argus.live}:log:everyone", 0, -1) != []

    # The last one has gone for good: the mark is not renewed.
    wait_until(lambda: not server.hub.sockets)
    journal.client.delete(FOLLOWED)
    missed = make_incident()
    publisher.flush()
    assert journal.client.keys("{argus.live}:*") == []

    with following(server, as_user.token.key) as follower:
        assert follower.subscribe(since=before)["type"] == "reload"
        answer = follower.subscribe()
        assert missed.pk in [incident["pk"] for incident in answer["start_incidents"]]
        later = make_incident()
        assert pks([follower.hear()]) == [later.pk]


class Restless(threading.Thread):
    """A client that keeps losing its connection, and goes on where it was; what it has heard is ``messages``."""

    def __init__(self, servers: list, token: str, seed: int):
        super().__init__(daemon=True)
        self.servers, self.token, self.random = servers, token, random.Random(seed)
        with following(servers[0], token) as follower:
            self.place = place(follower.subscribe(since=None))
        self.begin = self.place
        self.messages: list[dict] = []
        self.answers: set[str] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            with following(self.random.choice(self.servers), self.token) as follower:
                self.answers.add(follower.subscribe(since=self.place)["type"])
                for _ in range(self.random.randrange(1, 8)):
                    try:
                        message = follower.hear(0.2)
                    except TimeoutError:
                        break
                    self.messages.append(message)
                    self.place = place(message)


def follow_through_a_storm(servers: list, token: str) -> None:
    """Have clients come and go while changes are made from several sides; all hear all of it, once and in order."""
    clients = [Restless(servers, token, seed) for seed in range(3)]
    for client in clients:
        client.start()
    incidents = [make_incident() for _ in range(4)]

    def work(number: int) -> None:
        for _ in range(12):
            make_ack(incidents[number])
            make_incident()

    at_once(*[lambda number=number: work(number) for number in range(4)])
    total = 4 + 4 * 24
    for client in clients:
        wait_until(lambda client=client: len(client.messages) >= total, 60)
        client.enough.set()
        client.join(30)
        first = client.begin["sequence"] + 1
        assert [message["sequence"] for message in client.messages] == list(range(first, first + total))
        assert {message["stream"] for message in client.messages} == {client.begin["stream"]}
        assert client.answers == {"resumed"}
    assert sum(message["type"] == "created" for message in clients[0].messages) == 4 + 4 * 12
    assert [pks(client.messages) for client in clients[1:]] == [pks(clients[0].messages)] * 2


def test_clients_that_come_and_go_hear_everything_once_and_in_order(server, as_user):
    follow_through_a_storm([server], as_user.token.key)


def test_clients_that_change_between_processes_hear_everything_once_and_in_order(redis_layer, open_server, as_user):
    follow_through_a_storm([open_server(), open_server()], as_user.token.key)
