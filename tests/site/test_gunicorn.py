"""gunicorn: workers that die are replaced, all count together, and a restart refuses no request."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import requests
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import incident_body
from tests.live import Gunicorn, new_database
from tests.nginx import NAME, NGINX, Nginx
from tests.servers import is_alive, running
from tests.test_servers import eventually

pytestmark = pytest.mark.slow
ENVIRONMENT = {
    "ALLOWED_HOSTS": f"127.0.0.1,{NAME}",
    "ARGUS_BEHIND_TLS_PROXY": "1",
    "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
}


@pytest.fixture(scope="module")
def server():
    with new_database() as url, running(Gunicorn(url, **ENVIRONMENT)) as server:
        server.token = server.make_source("counted.example.org")["token"]
        yield server


@pytest.fixture
def gunicorn(server) -> Gunicorn:
    """The server, started again if the test before has stopped it."""
    server.start()
    eventually(lambda: len(server.workers()) == 2, 60)
    return server


def post(server: Gunicorn) -> int:
    headers = {"Authorization": f"Token {server.token}"}
    return requests.post(f"{server.api}incidents/", json=incident_body(), headers=headers, timeout=60).status_code


def replaced(server: Gunicorn, workers: list) -> bool:
    """Whether two other workers run."""
    return len({worker.pid for worker in server.workers()} - {worker.pid for worker in workers}) == 2


def created(server: Gunicorn) -> set[float]:
    """The number of incidents created, as each of several requests for the metrics reports it."""
    return {read_created(server) for _ in range(8)}


def read_created(server: Gunicorn) -> float:
    text = requests.get(f"{server.url}/metrics", timeout=60).text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return next((one.value for one in samples if one.name == "argus_incidents_created_total"), 0)


def test_killed_worker_is_replaced_and_its_counts_stay(gunicorn):
    before = read_created(gunicorn)
    assert {post(gunicorn) for _ in range(12)} == {201}
    assert created(gunicorn) == {before + 12}

    workers = gunicorn.workers()
    workers[0].kill()
    eventually(lambda: len({one.pid for one in gunicorn.workers()} - {workers[0].pid}) == 2, 60)
    eventually(lambda: created(gunicorn) == {before + 12}, 60)
    assert {post(gunicorn) for _ in range(12)} == {201}
    assert created(gunicorn) == {before + 24}


def test_sigterm_ends_all_processes_and_removes_the_metrics(gunicorn):
    process, workers = gunicorn.process, gunicorn.workers()
    post(gunicorn)
    (folder,) = {
        Path(file.path).parent for one in workers for file in one.open_files() if "argus-metrics-" in file.path
    }
    assert folder.exists()

    gunicorn.stop()

    assert process.returncode == 0
    assert not any(map(is_alive, workers))
    assert not folder.exists()
    assert "Traceback" not in gunicorn.log.read_text()


def test_request_in_progress_is_finished_before_the_end(gunicorn):
    body = b"x" * 1_000
    with gunicorn.connect(timeout=60) as connection:
        head = f"POST /api/v1/incidents/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:500])
        time.sleep(0.5)
        gunicorn.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(body[500:])
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 401 ")
    gunicorn.stop()


class Load:
    """Sources that post one incident after the other through a proxy, each over a new connection."""

    def __init__(self, proxy: Nginx, token: str, threads: int = 4):
        self.proxy, self.headers = proxy, {"Authorization": f"Token {token}"}
        self.statuses: list[int] = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.send) for _ in range(threads)]

    def send(self) -> None:
        while not self.ended.is_set():
            answer = self.proxy.ask("POST", "/api/v1/incidents/", json=incident_body(), headers=self.headers)
            self.statuses.append(answer.status_code)

    def wait_for(self, number: int) -> None:
        """Wait for so many more responses."""
        enough = len(self.statuses) + number
        eventually(lambda: len(self.statuses) >= enough, 60)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for(20)
        return self

    def __exit__(self, *exception):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)


# The test sends more from one address than a client would.
NO_RATE_LIMIT = {r"rate=20r/s": "rate=100000r/s"}
behind_nginx = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]


@behind_nginx[0]
@behind_nginx[1]
def test_reload_under_load_refuses_no_request(gunicorn):
    urllib3.disable_warnings()
    ports = {"web": [gunicorn.port], "websocket": gunicorn.port}
    with running(Nginx("nginx.conf", changes=NO_RATE_LIMIT, **ports)) as proxy, Load(proxy, gunicorn.token) as load:
        for _ in range(3):
            workers = gunicorn.workers()
            # As `systemctl reload` does.
            gunicorn.process.send_signal(signal.SIGHUP)
            eventually(lambda workers=workers: replaced(gunicorn, workers), 60)
            load.wait_for(20)
    assert set(load.statuses) == {201}


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="several servers share PostgreSQL")
@behind_nginx[0]
@behind_nginx[1]
def test_rolling_restart_of_two_servers_refuses_no_request(gunicorn):
    urllib3.disable_warnings()
    with running(Gunicorn(gunicorn.database_url, **ENVIRONMENT)) as other:
        ports = {"web": [gunicorn.port, other.port], "websocket": gunicorn.port}
        proxy = Nginx("nginx.conf", changes=NO_RATE_LIMIT, **ports)
        with running(proxy), Load(proxy, gunicorn.token) as load:
            for server in (gunicorn, other):
                server.stop()
                load.wait_for(20)
                # Returns when it is ready.
                server.start()
                load.wait_for(20)
    assert set(load.statuses) == {201}
