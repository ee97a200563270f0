"""``manage.py serve --processes N``: several share the port and count together, one that dies is replaced, all end."""

import contextlib
import os
from pathlib import Path

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from tests.factories import incident_body
from tests.live import Argus, new_database
from tests.servers import is_alive, running
from tests.test_servers import eventually

pytestmark = pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="several processes are for PostgreSQL")


class Several(Argus):
    """``manage.py serve --processes 2``, without a notification worker."""

    def command(self) -> list[str]:
        return [*super().command(), "--processes=2", "--no-worker"]

    def web_processes(self) -> list[psutil.Process]:
        children = filter(is_alive, psutil.Process(self.process.pid).children())
        return [child for child in children if serves(child)]

    def clients_of(self, process: psutil.Process) -> int:
        """How many are connected to one of the processes."""
        ours = [one for one in process.net_connections() if one.laddr.port == self.port]
        return sum(one.status == psutil.CONN_ESTABLISHED for one in ours)

    def folder_of_figures(self) -> str:
        """Where its processes count together."""
        (folder,) = {child.environ()["PROMETHEUS_MULTIPROC_DIR"] for child in self.web_processes()}
        return folder


def serves(process: psutil.Process) -> bool:
    """Whether it is not the helper of Python's that comes along with several processes."""
    try:
        return "resource_tracker" not in " ".join(process.cmdline())
    except psutil.Error:
        return False


@pytest.fixture(scope="module")
def server(valkey_url):
    with new_database() as url, running(Several(url, ARGUS_REDIS_URL=valkey_url)) as server:
        yield server


@pytest.fixture
def several(server) -> Several:
    """The server, started again if the test before has stopped it."""
    server.start()
    return server


def test_a_process_that_is_killed_is_replaced_and_sigterm_ends_them_all(several):
    source = several.make_source()

    def post():
        headers = {"Authorization": f"Token {source['token']}"}
        return requests.post(f"{several.api}incidents/", json=incident_body(), headers=headers, timeout=30).status_code

    eventually(lambda: len(several.web_processes()) == 2, 60)
    eventually(lambda: post() == 201, 60)
    first, _ = several.web_processes()
    first.kill()
    eventually(lambda: len({child.pid for child in several.web_processes()} - {first.pid}) == 2, 60)
    assert post() == 201

    everything = psutil.Process(several.process.pid).children(recursive=True)
    process = several.process
    several.stop()
    assert process.returncode == 0
    eventually(lambda: not any(map(is_alive, everything)))
    assert "Traceback" not in several.log.read_text()


def test_dead_process_is_replaced_while_another_is_too_busy_to_say_that_it_lives(several):
    eventually(lambda: len(several.web_processes()) == 2, 60)
    eventually(lambda: requests.get(several.url, timeout=30).status_code == 200, 60)
    busy, dead = several.web_processes()
    busy.suspend()
    try:
        dead.kill()
        eventually(lambda: several.web_processes()[1:] and dead not in several.web_processes(), 60)
        assert busy in several.web_processes()
    finally:
        busy.resume()
    eventually(lambda: requests.get(several.url, timeout=30).status_code == 200, 60)
    assert busy in several.web_processes()


def test_all_end_when_the_one_that_looks_after_them_is_killed(several):
    eventually(lambda: len(several.web_processes()) == 2, 60)
    eventually(lambda: requests.get(several.url, timeout=30).status_code == 200, 60)
    everything = several.web_processes()

    several.process.kill()

    eventually(lambda: not any(map(is_alive, everything)), 60)
    several.stop()


class Figures:
    """What ``/metrics`` says, whichever process is asked: all that are asked say the same."""

    def __init__(self, server: Several):
        self.server = server

    def read(self, name: str, **labels: str) -> float | None:
        said = {self.read_once(name, labels) for _ in range(8)}
        return said.pop() if len(said) == 1 else None

    def read_once(self, name: str, labels: dict) -> float | None:
        text = requests.get(f"{self.server.url}/metrics", timeout=30).text
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        return next((one.value for one in samples if one.name == name and labels.items() <= one.labels.items()), None)


def test_figures_are_those_of_all_processes_also_when_one_is_replaced(several):
    source, figures = several.make_source("counted.example.org"), Figures(several)
    headers = {"Authorization": f"Token {source['token']}"}
    address = several.url.replace("http", "ws") + "/ws/open/"
    created = {"name": "argus_incidents_created_total", "source": "counted.example.org"}

    def post(number: int) -> None:
        for _ in range(number):
            # Each over a connection of its own, which any of the processes may take.
            answer = requests.post(f"{several.api}incidents/", json=incident_body(), headers=headers, timeout=30)
            assert answer.status_code == 201

    eventually(lambda: len(several.web_processes()) == 2, 60)
    first, second = several.web_processes()
    with contextlib.ExitStack() as stack:
        sockets = 0
        while not (several.clients_of(first) and several.clients_of(second)):
            stack.enter_context(connect(address, additional_headers=headers, open_timeout=60, close_timeout=1))
            sockets += 1
            assert sockets < 200
        left = several.clients_of(second)
        post(12)
        assert figures.read(**created) == 12
        eventually(lambda: figures.read("argus_websocket_clients") == sockets, 60)

        first.kill()
        eventually(lambda: len({child.pid for child in several.web_processes()} - {first.pid}) == 2, 60)
        eventually(lambda: figures.read("argus_websocket_clients") == left, 60)
        assert figures.read(**created) == 12
        post(12)
        assert figures.read(**created) == 24
    folder = Path(several.folder_of_figures())
    several.stop()
    assert not folder.exists()


def test_several_processes_are_refused_without_redis():
    with new_database() as url:
        server = Several(url)
        try:
            with pytest.raises(Exception, match="ARGUS_REDIS_URL must be set"):
                server.start()
        finally:
            server.close()
