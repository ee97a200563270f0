"""Reloads, and the closes of a server that stops, are spread over time."""

import asyncio

import pytest

from argus.ws import frames
from argus.ws.database import DatabaseThread
from argus.ws.sockets import MAX_RELOAD_TIME, RELOAD_INTERVAL, Sockets
from tests.ws.server import connected

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("number", "expected"), [(1, 0.0), (22, 21 * RELOAD_INTERVAL), (1000, MAX_RELOAD_TIME)])
def test_reloads_are_spread_over_time(monkeypatch, number, expected):
    delays = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    async def reload_all() -> None:
        sockets = Sockets(DatabaseThread("unused"), check_interval=1, send_timeout=1)
        for index in range(number):
            sockets.sockets.add(index)
        began = asyncio.get_running_loop().time()
        for _ in range(number):
            # Delays from the begin, however long this test takes.
            passed = asyncio.get_running_loop().time() - began
            await sockets.wait_for_reload()
            delays[-1] += passed

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(reload_all())

    assert delays[0] == pytest.approx(0, abs=0.01)
    assert delays[-1] == pytest.approx(expected, rel=0.05, abs=0.05)
    assert sorted(delays) == delays


def test_server_that_stops_closes_its_connections_at_different_times(server, monkeypatch, as_user):
    windows = []

    def uniform(low: float, high: float) -> float:
        windows.append(high)
        return high * len(windows) / 4

    monkeypatch.setattr(frames.random, "uniform", uniform)
    with (
        connected(server, as_user.token.key) as one,
        connected(server, as_user.token.key) as two,
        connected(server, as_user.token.key) as three,
    ):
        server.server.should_exit = True
        assert [client.close_code() for client in (one, two, three)] == [1012] * 3
    assert windows == [pytest.approx(3 * frames.CLOSE_INTERVAL)] * 3
