"""``manage.py serve``: one process, with a notification worker that ends with it, and the server with the worker."""

import signal
from contextlib import ExitStack

import psutil
import pytest
import requests
from django.core.management import CommandError, call_command

from tests.live import Argus
from tests.servers import ServerStartError, is_alive, running
from tests.test_servers import eventually

pytestmark = pytest.mark.once


@pytest.fixture
def server():
    with running(Argus()) as server:
        yield server


def worker_of(server: Argus) -> psutil.Process:
    (worker,) = psutil.Process(server.process.pid).children()
    assert "send_notifications" in worker.cmdline()
    return worker


def test_server_replaces_a_worker_that_dies(server):
    first = worker_of(server)
    first.kill()

    eventually(lambda: [one.pid for one in psutil.Process(server.process.pid).children()] not in ([], [first.pid]), 30)
    worker_of(server)
    assert "The notification worker ended with status -9. Starting another." in server.log.read_text()


def test_worker_ends_with_the_server(server):
    worker, process = worker_of(server), server.process
    server.stop()

    assert process.returncode == 0
    assert not is_alive(worker)
    lines = server.log.read_text().splitlines()
    assert lines[-1] == "Argus has stopped."
    assert f"Argus serves {server.url}/ - Ctrl-C stops it." in lines


@pytest.mark.slow
def test_worker_ends_when_the_server_is_killed(server):
    worker = worker_of(server)
    server.process.send_signal(signal.SIGKILL)

    eventually(lambda: not is_alive(worker), 30)
    server.stop()


def test_many_slow_reads_do_not_delay_a_write(argus, source):
    """Requests whose body does not arrive occupy all threads for reads."""
    head = f"GET /api/v1/ HTTP/1.1\r\nHost: 127.0.0.1:{argus.port}\r\nContent-Length: 10\r\n\r\n".encode()
    body = {"start_time": "2024-05-15T14:00:00Z", "end_time": "infinity", "source_incident_id": "now", "tags": []}
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(argus.connect()).sendall(head)
        with pytest.raises(requests.Timeout):
            requests.get(f"{argus.api}auth/user/", timeout=2)
        answer = argus.session(source["token"]).post(f"{argus.api}incidents/", json=body, timeout=10)

        assert answer.status_code == 201


@pytest.mark.parametrize(("option", "words"), [("--processes=2", "run gunicorn"), ("--port=0", "is not a port number")])
def test_options_that_cannot_work_are_refused(option, words):
    with pytest.raises(CommandError, match=words):
        call_command("serve", option)


class Elsewhere(Argus):
    """``manage.py serve`` at an address that this machine does not have."""

    def command(self) -> list[str]:
        return [*super().command(), "--host=192.0.2.1"]


def test_address_that_cannot_be_used_is_refused_in_one_line_and_nothing_is_served():
    server = Elsewhere()
    try:
        with pytest.raises(ServerStartError, match="listen") as refusal:
            server.start()
        assert "Argus serves" not in str(refusal.value)
    finally:
        server.close()
