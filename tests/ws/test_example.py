"""The example client on the reference page runs as it is."""

import re
import threading
from pathlib import Path

import pytest

from tests.factories import make_incident
from tests.ws.server import wait_until

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "websocket.md"


@pytest.fixture
def follow(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    monkeypatch.setattr(names["time"], "sleep", lambda seconds, sleep=names["time"].sleep: sleep(min(seconds, 0.1)))
    return names["follow"]


class StopClientError(Exception):
    """Ends the example client, which runs until it fails."""


def test_example_reads_its_lists_once_and_then_receives_every_change_once(server, as_user, follow):
    reloads, changes, last = [], [], threading.Event()

    def changed(kind: str, incident: dict) -> None:
        if last.is_set():
            raise StopClientError
        changes.append((kind, incident["pk"]))

    def run() -> None:
        with pytest.raises(StopClientError):
            follow(server.url, as_user.token.key, lambda: reloads.append(True), changed)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    wait_until(lambda: reloads)
    first = make_incident()
    wait_until(lambda: len(changes) == 1)
    for connection in server.connections():
        server.hub.call_soon(connection.transport.abort)
    missed = make_incident()
    wait_until(lambda: len(changes) == 2)

    assert changes == [("created", first.pk), ("created", missed.pk)]
    assert reloads == [True]
    last.set()
    make_incident()
    thread.join(20)
    assert not thread.is_alive()
