"""``manage.py serve --processes N``: several share the port, one that dies is replaced, and all end together."""

import os
import signal

import psutil
import pytest
import requests

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


def serves(process: psutil.Process) -> bool:
    """Whether it is not the helper of Python's that comes along with several processes."""
    try:
        return "resource_tracker" not in " ".join(process.cmdline())
    except psutil.Error:
        return False


@pytest.fixture
def several(valkey_url):
    with new_database() as url, running(Several(url, ARGUS_REDIS_URL=valkey_url)) as server:
        yield server


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
    several.process.send_signal(signal.SIGTERM)
    assert several.process.wait(30) == 0
    eventually(lambda: not any(map(is_alive, everything)))
    assert "Traceback" not in several.log.read_text()


def test_several_processes_are_refused_without_redis():
    with new_database() as url:
        server = Several(url)
        try:
            with pytest.raises(Exception, match="ARGUS_REDIS_URL must be set"):
                server.start()
        finally:
            server.close()
