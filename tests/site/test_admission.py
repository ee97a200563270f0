"""Callers take turns: one who floods waits behind itself alone; one who asks too often is told when to come back."""

import asyncio
from contextlib import suppress

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from argus.site import admission
from argus.site.admission import Admission, Allowance, Refused
from tests.factories import incident_body
from tests.live import new_database, running_argus


def scope_of(name: str, *, address: str = "10.0.0.1", **headers: str) -> dict:
    """A request with the token of this name."""
    headers = {"authorization": f"Token {name}", **headers}
    return {"headers": [(key.encode(), value.encode()) for key, value in headers.items()], "client": (address, 1)}


class Crowd:
    """Callers at a door, and the order in which they came in; nobody leaves before being told."""

    def __init__(self, door: Admission):
        self.door = door
        self.inside: list[str] = []
        self.log: list[str] = []
        self.tasks: list[asyncio.Task] = []
        self.exits: dict[str, list[asyncio.Event]] = {}

    async def knock(self, name: str) -> None:
        ended = asyncio.Event()

        async def visit():
            async with self.door.place_for(scope_of(name)):
                self.inside.append(name)
                self.log.append(name)
                self.exits.setdefault(name, []).append(ended)
                await ended.wait()
                self.inside.remove(name)

        self.tasks.append(asyncio.create_task(visit()))
        await self.settle()

    async def let_go(self, name: str) -> None:
        self.exits[name].pop(0).set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def test_a_single_caller_may_have_all_places():
    async def story():
        crowd = Crowd(Admission(places=8, rate=0))
        for _ in range(10):
            await crowd.knock("a")
        assert crowd.inside == ["a"] * 8
        await crowd.close()
        assert not crowd.door.inside
        assert not crowd.door.waiting

    asyncio.run(story())


def test_beside_others_a_flood_has_its_share_only_and_others_come_in_at_once():
    async def story():
        crowd = Crowd(Admission(places=8, rate=0))
        await crowd.knock("b")
        for _ in range(50):
            await crowd.knock("a")
        assert crowd.inside.count("a") == crowd.door.share == 1
        await crowd.knock("c")
        assert "c" in crowd.inside
        for name in "abca":
            await crowd.let_go(name)
        assert crowd.inside == ["a"]
        await crowd.close()

    asyncio.run(story())


def test_places_are_given_in_turns():
    async def story():
        crowd = Crowd(Admission(places=1, rate=0))
        for name in "aaaabbc":
            await crowd.knock(name)
        for name in "aabcab":
            await crowd.let_go(name)
        assert "".join(crowd.log) == "aabcaba"
        await crowd.close()

    asyncio.run(story())


def test_who_has_a_queue_lets_those_finish_who_have_none():
    async def story():
        crowd = Crowd(Admission(places=8, rate=0))
        await crowd.knock("b")
        await crowd.let_go("b")
        for name in "aaabc":
            await crowd.knock(name)
        await crowd.let_go("a")
        assert crowd.inside == ["b", "c"]
        # Who comes now came after the one who stands back.
        await crowd.knock("d")
        await crowd.let_go("b")
        assert crowd.inside == ["c", "d"]
        await crowd.let_go("c")
        assert crowd.inside == ["d", "a"]
        await crowd.close()
        assert not crowd.door.ahead

    asyncio.run(story())


def test_who_stands_back_does_not_wait_for_what_takes_long(monkeypatch):
    monkeypatch.setattr(admission, "PATIENCE", 0.01)

    async def story():
        crowd = Crowd(Admission(places=8, rate=0))
        await crowd.knock("b")
        for _ in "aa":
            await crowd.knock("a")
        await crowd.let_go("a")
        assert crowd.inside == ["b"]
        async with asyncio.timeout(10):
            while "a" not in crowd.inside:
                await asyncio.sleep(0.01)
        await crowd.close()

    asyncio.run(story())


def test_two_who_have_queues_do_not_stand_back_behind_each_other():
    async def story():
        crowd = Crowd(Admission(places=8, rate=0))
        for name in "abababab":
            await crowd.knock(name)
        while len(crowd.inside) > 2:
            await crowd.let_go(crowd.inside[0])
        await crowd.let_go("a")
        assert sorted(crowd.inside) == ["a", "b"]
        await crowd.close()

    asyncio.run(story())


def test_who_goes_away_while_waiting_leaves_nothing_behind():
    async def story():
        crowd = Crowd(Admission(places=1, rate=0))
        for name in "aab":
            await crowd.knock(name)
        # At the very moment when the place is free: the one whose turn it was has gone.
        crowd.exits["a"].pop(0).set()
        crowd.tasks[1].cancel()
        crowd.tasks[2].cancel()
        await crowd.settle()
        assert not crowd.door.inside
        assert not crowd.door.waiting
        await crowd.knock("c")
        assert crowd.inside == ["c"]
        await crowd.close()

    asyncio.run(story())


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(admission, "LONGEST_WAIT", 0.01)

    async def story():
        crowd = Crowd(Admission(places=1, rate=0))
        await crowd.knock("a")
        with pytest.raises(Refused) as refusal:
            async with crowd.door.place_for(scope_of("b")):
                raise AssertionError
        assert (refusal.value.status, refusal.value.retry_after) == (503, 5)
        await crowd.let_go("a")
        assert not crowd.door.inside
        assert not crowd.door.waiting

    asyncio.run(story())


def test_a_queue_has_an_end(monkeypatch):
    monkeypatch.setattr(admission, "MOST_WAITING", 3)

    async def story():
        crowd = Crowd(Admission(places=1, rate=0))
        for _ in range(4):
            await crowd.knock("a")
        with pytest.raises(Refused) as refusal:
            async with crowd.door.place_for(scope_of("a")):
                raise AssertionError
        assert (refusal.value.status, refusal.value.reason) == (429, "queue")
        await crowd.close()

    asyncio.run(story())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["knock", "leave", "vanish"])), max_size=40))
def test_whatever_happens_no_place_is_lost_or_taken_twice(steps):
    async def story():
        crowd = Crowd(Admission(places=3, rate=0))
        for name, step in steps:
            if step == "knock":
                await crowd.knock(name)
            elif step == "vanish" and crowd.tasks:
                crowd.tasks.pop().cancel()
                await crowd.settle()
            elif crowd.exits.get(name):
                await crowd.let_go(name)
            assert crowd.door.inside.total() <= 3
        await crowd.close()
        assert not crowd.door.inside
        assert not crowd.door.waiting

    asyncio.run(story())


def test_allowance_is_a_burst_and_then_a_rate():
    allowance = Allowance(left=20, time=0)

    assert [allowance.take(2, 0) for _ in range(20)] == [0] * 20
    assert allowance.take(2, 0) == 0.5
    assert allowance.take(2, 0.5) == 0
    assert allowance.take(2, 1000) == 0
    assert allowance.left == 19


def test_callers_are_told_apart_by_token_session_and_address_and_are_forgotten(monkeypatch):
    monkeypatch.setattr(admission, "MOST_REMEMBERED", 3)
    with_token, _ = admission.caller_of(scope_of("a", address="10.0.0.1"))
    assert (with_token, True) == admission.caller_of(scope_of("a", address="10.0.0.2"))
    anonymous = {"headers": [], "client": ("10.0.0.1", 1)}
    browser = {"headers": [(b"cookie", b"sessionid=x")], "client": ("10.0.0.1", 1)}
    assert len({admission.caller_of(one)[0] for one in (anonymous, browser, scope_of("a"))}) == 3
    assert with_token != b"a"

    door = Admission(places=1, rate=1)
    for number in range(10):
        with suppress(Refused):
            door.check_rate(str(number).encode())
        door.note(str(number).encode())
    assert max(len(door.seen), len(door.allowances)) <= 3


def test_a_token_that_asks_too_often_gets_429_and_others_do_not():
    with new_database() as url, running_argus(url, ARGUS_RATE_LIMIT="1") as server:
        flood, calm = (server.session(server.make_source()["token"]) for _ in range(2))
        answers = [flood.post(f"{server.api}incidents/", json=incident_body(), timeout=30) for _ in range(14)]
        assert calm.get(f"{server.api}incidents/", timeout=30).status_code == 200
        figures = requests.get(f"{server.url}/metrics", timeout=30).text

    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {201, 429}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert all(list(answer.json()) == ["detail"] for answer in refused)
    assert f'argus_http_refused_total{{reason="rate"}} {float(len(refused))}' in figures
