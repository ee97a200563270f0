"""PostgreSQL and Valkey stop, are killed or hang under a running server, which reports it and recovers."""

import contextlib
import os
import threading
import time

import psutil
import pytest
import requests

from tests.factories import incident_body
from tests.live import running_argus
from tests.servers import running_postgres, running_valkey
from tests.smtp_sink import HOST, running_sink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="needs a PostgreSQL server to stop"),
]

TIMEOUT = 60


@pytest.fixture(scope="module")
def postgres():
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def valkey():
    with running_valkey() as server:
        yield server


@pytest.fixture(scope="module")
def sink():
    with running_sink() as server:
        yield server


@pytest.fixture(scope="module")
def server(postgres, valkey, sink):
    """Argus with PostgreSQL, Valkey, a mail server, and a user with a profile for all incidents."""
    surroundings = {
        "ARGUS_REDIS_URL": valkey.url,
        "ARGUS_SEND_NOTIFICATIONS": "1",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(sink.port),
    }
    with running_argus(postgres.url, **surroundings) as argus:
        as_admin = argus.session(argus.make_admin())
        argus.manage("shell", "-c", "from argus.auth.models import User; User.objects.update(email='a@example.org')")
        profiles = f"{argus.api}notificationprofiles/"
        slot = as_admin.get(f"{profiles}timeslots/", timeout=10).json()[0]["pk"]
        criteria = {"name": "all", "filter_string": '{"sourceSystemIds": [], "tags": []}'}
        wanted = as_admin.post(f"{profiles}filters/", json=criteria, timeout=10).json()["pk"]
        profile = {"timeslot": slot, "filters": [wanted], "media": ["EM"], "active": True, "phone_number": None}
        made = as_admin.post(profiles, json=profile, timeout=10)
        assert made.status_code == 201, made.text
        argus.source = argus.make_source()
        yield argus


class Load:
    """A source that posts incidents over several connections."""

    def __init__(self, argus, connections: int = 4):
        self.argus = argus
        self.ended = threading.Event()
        self.statuses: list[int] = []
        self.accepted: list[str] = []
        self.refusals: list[requests.Response] = []
        self.threads = [threading.Thread(target=self.post, args=[index]) for index in range(connections)]

    def post(self, index: int) -> None:
        session = self.argus.session(self.argus.source["token"])
        while not self.ended.is_set():
            body = incident_body()
            answer = session.post(f"{self.argus.api}incidents/", json=body, timeout=TIMEOUT)
            self.statuses.append(answer.status_code)
            if answer.status_code == 201:
                self.accepted.append(body["source_incident_id"])
            else:
                self.refusals.append(answer)
                self.ended.wait(0.1)

    def wait_for(self, status: int) -> None:
        """Wait until a POST sent from now on gets this status."""
        seen = len(self.statuses)
        wait_until(lambda: status in self.statuses[seen:])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for(201)
        return self

    def __exit__(self, *exception):
        self.ended.set()
        for thread in self.threads:
            thread.join(TIMEOUT)


def wait_until(condition, seconds: float = TIMEOUT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ready(argus) -> requests.Response:
    """Request the readiness probe. The contract is two seconds; a busy test machine may need more."""
    return requests.get(f"{argus.url}/readyz", timeout=10)


def process_tree(server) -> list[psutil.Process]:
    parent = psutil.Process(server.process.pid)
    return [parent, *parent.children(recursive=True)]


@contextlib.contextmanager
def stopped(server):
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def killed(server):
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def suspended(server):
    processes = process_tree(server)
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


@pytest.mark.parametrize("outage", [stopped, killed])
def test_without_postgresql_requests_get_503_until_it_is_back(server, postgres, sink, outage):
    with Load(server) as load:
        with outage(postgres):
            load.wait_for(503)
            # Answers are cached for a moment, so the first may be from before the outage.
            wait_until(lambda: ready(server).json()["failing"] == ["database", "migrations", "notifications"])
            answer = ready(server)
            assert answer.status_code == 503
            assert str(postgres.port) not in answer.text
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        wait_until(lambda: ready(server).status_code == 200)
        load.wait_for(201)

    assert set(load.statuses) == {201, 503}
    assert all(int(refusal.headers["Retry-After"]) > 0 for refusal in load.refusals)
    assert_notifications_are_sent(server, sink)


def test_hanging_postgresql_is_reported_and_recovered_from(server, postgres, sink):
    with Load(server, connections=10) as load:
        with suspended(postgres):
            # All threads of the server wait for the hanging database.
            wait_until(lambda: ready(server).status_code == 503)
            answers = [ready(server) for _ in range(5)]
            assert {answer.status_code for answer in answers} == {503}
            assert answers[0].json()["failing"] == ["database", "migrations", "notifications"]
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        wait_until(lambda: ready(server).status_code == 200)
        load.wait_for(201)

    assert set(load.statuses) <= {201, 503}
    assert_notifications_are_sent(server, sink)


@pytest.mark.parametrize("outage", [stopped, suspended])
def test_without_valkey_posts_succeed_and_readiness_names_the_channel_layer(server, valkey, outage):
    with Load(server) as load:
        with outage(valkey):
            wait_until(lambda: ready(server).json()["failing"] == ["channel layer"])
            load.wait_for(201)
        wait_until(lambda: ready(server).status_code == 200)

    assert set(load.statuses) == {201}


def assert_notifications_are_sent(server, sink) -> None:
    """The worker has recovered as well: it notifies of new incidents."""
    session = server.session(server.source["token"])
    made = session.post(f"{server.api}incidents/", json=incident_body(), timeout=10).json()["pk"]
    wait_until(lambda: any(mail.message["X-Argus-Incident"] == str(made) for mail in list(sink.messages)))
