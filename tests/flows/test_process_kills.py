"""A server killed during requests leaves complete incidents only, and keeps every incident it has answered for."""

import contextlib
import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg2
import pytest
import requests

from tests.live import Argus, running_argus
from tests.servers import running_postgres

pytestmark = pytest.mark.slow

KILLS = 6
POSTERS = 4
TAGS = ["host=netbox11", "room=B 101", "problem_type=boxDown"]


def tags_of(number: int) -> list[str]:
    """Return tags: three common ones, and one that is unique."""
    return [*TAGS, f"number={number}"]


class Poster:
    """A source that posts one incident after the other, also while the server is away."""

    def __init__(self, argus, token: str, first: int, stop: Event):
        self.argus, self.token, self.stop = argus, token, stop
        self.number = first
        self.answers: Counter[int] = Counter()
        self.created: set[str] = set()

    def run(self) -> None:
        session = self.argus.session(self.token)
        while not self.stop.is_set():
            self.number += 1
            body = {
                "start_time": "2024-05-15T14:00:00Z",
                "end_time": "infinity",
                "source_incident_id": str(self.number),
                "description": "x" * random.randrange(2_000),
                "tags": [{"tag": tag} for tag in tags_of(self.number)],
            }
            try:
                response = session.post(f"{self.argus.api}incidents/", json=body, timeout=30)
            except requests.RequestException:
                self.stop.wait(0.02)
                continue
            self.answers[response.status_code] += 1
            if response.status_code == 201:
                self.created.add(body["source_incident_id"])


@contextlib.contextmanager
def posting(argus: Argus, token: str, number: int) -> Iterator[list[Poster]]:
    """Run several sources until the block ends."""
    stop = Event()
    posters = [Poster(argus, token, first * 10**6, stop) for first in range(1, number + 1)]
    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(poster.run) for poster in posters]
        try:
            yield posters
        finally:
            stop.set()
    for future in futures:
        future.result()


STORED = """
    SELECT incident.source_incident_id,
           (SELECT count(*) FROM argus_incident_event event
             WHERE event.incident_id = incident.id AND event.type = 'STA'),
           (SELECT count(*) FROM argus_incident_event event WHERE event.incident_id = incident.id),
           (SELECT count(DISTINCT tag_id) FROM argus_incident_incidenttagrelation relation
             WHERE relation.incident_id = incident.id)
      FROM argus_incident_incident incident
"""


def assert_incidents_are_complete(rows: list[tuple], posters: list[Poster]) -> None:
    """Every incident has its start event and its tags; every incident that was answered for is stored."""
    assert [row for row in rows if row[1:] != (1, 1, len(TAGS) + 1)] == []
    stored = Counter(row[0] for row in rows)
    assert set(stored.values()) == {1}
    assert set().union(*(poster.created for poster in posters)) <= stored.keys()


def test_killed_server_leaves_complete_incidents_only():
    with running_postgres(durable=True) as postgres, running_argus(postgres.url) as argus:
        token = argus.make_source("nav")["token"]
        with posting(argus, token, POSTERS) as posters:
            for _ in range(KILLS):
                before = sum(len(poster.created) for poster in posters)
                wait_until(lambda before=before: sum(len(poster.created) for poster in posters) > before + 20)
                time.sleep(random.uniform(0, 0.05))
                argus.kill()
                argus.start()
            before = sum(len(poster.created) for poster in posters)
            wait_until(lambda: sum(len(poster.created) for poster in posters) > before)
        with contextlib.closing(psycopg2.connect(postgres.url)) as connection, connection.cursor() as cursor:
            cursor.execute(STORED)
            rows = cursor.fetchall()

    assert_incidents_are_complete(rows, posters)
    assert set().union(*(poster.answers for poster in posters)) == {201}
    assert len(rows) > KILLS * 20


def wait_until(condition, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"nothing was posted for {timeout} s"
        time.sleep(0.005)


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="about the file of SQLite")
def test_eight_writers_never_find_the_file_locked():
    with running_argus() as argus:
        token = argus.make_source("nav")["token"]
        with posting(argus, token, 8) as posters:
            time.sleep(5)
        with contextlib.closing(sqlite3.connect(argus.folder / "argus.sqlite3")) as connection:
            rows = connection.execute(STORED).fetchall()
        log = argus.log.read_text()

    assert set().union(*(poster.answers for poster in posters)) == {201}
    assert_incidents_are_complete(rows, posters)
    assert "locked" not in log


def test_identical_concurrent_posts_create_one_incident_with_one_start_event(argus):
    callers = [argus.session(argus.make_source()["token"])] * 32
    body = {"start_time": "2024-05-15T14:00:00Z", "source_incident_id": "one", "tags": [{"tag": "a=b"}]}

    def post(caller):
        return requests.post(f"{argus.api}incidents/", json=body, headers=caller.headers, timeout=60)

    with ThreadPoolExecutor(len(callers)) as pool:
        answers = list(pool.map(post, callers))
    (incident,) = callers[0].get(f"{argus.api}incidents/mine/", timeout=10).json()["results"]
    events = callers[0].get(f"{argus.api}incidents/{incident['pk']}/events/", timeout=10).json()

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 31
    refusals = {json.dumps(answer.json()) for answer in answers if answer.status_code == 400}
    assert len(refusals) == 1
    assert list(json.loads(refusals.pop())) == ["source_incident_id"]
    assert [event["type"]["value"] for event in events] == ["STA"]


def test_concurrent_logins_all_get_a_token_and_the_last_one_is_valid(argus):
    body = {"username": argus.make_source()["username"], "password": "correct horse battery staple"}
    argus.manage("setpassword", body["username"], body["password"])

    def log_in(_):
        return requests.post(f"{argus.api}token-auth/", json=body, timeout=60)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(log_in, range(6)))
    keys = {answer.json()["token"] for answer in answers}
    valid = [key for key in keys if argus.session(key).get(f"{argus.api}auth/user/", timeout=10).status_code == 200]

    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(keys) == 6
    assert len(valid) == 1
