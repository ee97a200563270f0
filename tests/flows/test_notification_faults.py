"""The database stops, a worker is killed, a plugin fails: all other notifications are sent."""

import os
import threading
import time

import psutil
import psycopg2
import pytest
import requests

from argus.notificationprofile.models import Delivery, Verdict
from tests.factories import make_incident, make_user
from tests.flows import drill
from tests.live import PASSWORD, running_argus
from tests.notificationprofile.factories import make_filter, make_profile
from tests.smtp_sink import HOST, running_sink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="needs a PostgreSQL server to stop"),
]
# Seconds in which PostgreSQL certainly stores what a worker did.
MAX_STORE_TIME = 5
CRASHES = 3
SENT = "SELECT count(*) FROM argus_notificationprofile_delivery WHERE verdict = 'sent'"


@pytest.fixture
def sink():
    with running_sink() as server:
        yield server


@pytest.fixture
def argus(own_postgres, sink):
    """A server with its worker, on a PostgreSQL that the test may stop."""
    surroundings = {
        **drill.SHORT_TIMES,
        "ARGUS_SEND_NOTIFICATIONS": "1",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(sink.port),
    }
    with running_argus(own_postgres.url, **surroundings) as server:
        server.manage("createsuperuser", "--noinput", "--username=kari", "--email=kari@example.org")
        server.manage("setpassword", "kari", PASSWORD)
        body = {"username": "kari", "password": PASSWORD}
        session = server.session(requests.post(f"{server.api}token-auth/", json=body, timeout=30).json()["token"])
        profiles = f"{server.api}notificationprofiles/"
        (slot,) = session.get(f"{profiles}timeslots/", timeout=30).json()
        body = {"name": "All", "filter_string": '{"tags": []}'}
        everything = session.post(f"{profiles}filters/", json=body, timeout=30).json()
        profile = {"timeslot": slot["pk"], "filters": [everything["pk"]], "media": ["EM"], "active": True}
        assert session.post(profiles, json=profile, timeout=30).status_code == 201
        yield server


class Source(threading.Thread):
    """A source that posts incidents until ``stopping`` is set."""

    def __init__(self, argus):
        super().__init__(daemon=True)
        self.argus = argus
        self.session = argus.session(argus.make_source()["token"])
        self.stopping = threading.Event()
        self.created: list[str] = []
        self.refusals: list[tuple[int, bool]] = []

    def run(self) -> None:
        number = 0
        while not self.stopping.wait(0.05):
            number += 1
            body = {"start_time": "2024-05-15T14:00:00Z", "source_incident_id": str(number), "tags": []}
            answer = self.session.post(f"{self.argus.api}incidents/", json=body, timeout=60)
            if answer.status_code == 201:
                self.created.append(str(answer.json()["pk"]))
            else:
                self.refusals.append((answer.status_code, "Retry-After" in answer.headers))


def worker_of(argus) -> psutil.Process:
    """Return the process of the server's worker."""
    (worker,) = (one for one in psutil.Process(argus.process.pid).children() if "send_notifications" in one.cmdline())
    return worker


def notified_incidents(sink) -> set[str]:
    """Return the pks of incidents with a mail."""
    return {mail.message["X-Argus-Incident"] for mail in sink.messages}


def mails_by_id(sink) -> dict[str, list]:
    """Return the mails by Message-ID, in the order of their arrival."""
    mails: dict[str, list] = {}
    for mail in sink.messages:
        mails.setdefault(mail.id, []).append(mail)
    return mails


def wait_until(condition, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"timeout after {seconds} s"
        time.sleep(0.05)


def test_stopped_database_ends_no_process_and_loses_nothing(argus, own_postgres, sink):
    source = Source(argus)
    source.start()
    wait_until(lambda: len(sink.messages) > 5)
    server, worker, stops = argus.process.pid, worker_of(argus).pid, []
    for stop in (own_postgres.stop, own_postgres.kill):
        refused = len(source.refusals)
        stops.append(time.monotonic())
        stop()
        wait_until(lambda refused=refused: len(source.refusals) > refused + 2)
        time.sleep(1)
        own_postgres.start()
        count = len(source.created)
        wait_until(lambda count=count: len(source.created) > count + 5)
    source.stopping.set()
    source.join(60)
    wait_until(lambda: notified_incidents(sink) >= set(source.created))

    assert not source.is_alive()
    assert argus.process.poll() is None
    assert (argus.process.pid, worker_of(argus).pid) == (server, worker)
    assert set(source.refusals) == {(503, True)}
    # A mail sent just before the database stopped may not have been recorded as sent.
    for copies in mails_by_id(sink).values():
        assert len(copies) == 1 or any(abs(copies[0].at - moment) < MAX_STORE_TIME for moment in stops)


def test_each_crash_of_the_database_repeats_at_most_one_mail(argus, own_postgres, sink):
    source = argus.session(argus.make_source()["token"])
    number = 400
    incidents = [{"start_time": "2024-05-15T14:00:00Z", "source_incident_id": str(one)} for one in range(number)]
    body = {"incidents": [{**one, "tags": []} for one in incidents]}
    assert source.post(f"{argus.api}incidents/bulk/", json=body, timeout=60).status_code == 200
    for crash in range(1, CRASHES + 1):
        # Each crash happens while the worker sends at full speed.
        goal = len(sink.messages) + 60
        wait_until(lambda goal=goal: len(sink.messages) > goal)
        own_postgres.kill()
        assert len(notified_incidents(sink)) < number, f"all mails were sent before crash {crash}"
        own_postgres.start()
    wait_until(lambda: len(notified_incidents(sink)) == number)
    with psycopg2.connect(own_postgres.url) as connection, connection.cursor() as cursor:
        wait_until(lambda: (cursor.execute(SENT), cursor.fetchone())[1] == (number,), 10)

    assert len(sink.messages) - number <= CRASHES


def test_server_starts_another_worker_when_one_is_killed(argus, own_postgres, sink):
    first = worker_of(argus)
    first.kill()
    source = Source(argus)
    source.start()
    try:
        wait_until(lambda: len(sink.messages) > 5)
    finally:
        source.stopping.set()
        source.join(60)

    assert worker_of(argus).pid != first.pid
    wait_until(lambda: notified_incidents(sink) == set(source.created))
    with psycopg2.connect(own_postgres.url) as connection, connection.cursor() as cursor:
        wait_until(lambda: (cursor.execute(SENT), cursor.fetchone())[1] == (len(source.created),), 10)


@pytest.mark.parametrize(
    ("behaviour", "verdict", "words"),
    [
        ("raises", Verdict.RETRYING, "ZeroDivisionError"),
        ("hangs", Verdict.RETRYING, "did not return"),
        ("exits", Verdict.RETRYING, "SystemExit"),
        ("nonsense", Verdict.FAILED, "must return None"),
        ("no address at all", Verdict.FAILED, "not an e-mail address"),
    ],
)
@pytest.mark.usefixtures("transactional_db")
def test_failing_plugin_affects_only_its_own_delivery(sink, behaviour, verdict, words):
    drill.make_audience(2)
    make_profile(make_user(email=behaviour if " " in behaviour else f"{behaviour}@example.org"))
    drill.make_audience(2)
    incident = make_incident()
    with drill.working(sink, DRILL_EMAIL_MEDIA="tests.flows.plugins.Failing") as team:
        drill.wait_until(lambda: Delivery.objects.filter(verdict=Verdict.SENT).count() == 4)
        drill.wait_until(lambda: Delivery.objects.filter(verdict=verdict).exists())
        team.assert_all_are_alive()

    assert len(sink.messages) == 4
    (affected,) = Delivery.objects.exclude(verdict=Verdict.SENT)
    assert affected.address.startswith(behaviour)
    assert affected.incident_id == incident.pk
    assert affected.verdict == verdict
    assert words in affected.last_error


@pytest.mark.usefixtures("transactional_db")
def test_invalid_filter_matches_nothing_and_affects_no_other(sink):
    (address,) = drill.make_audience(1)
    for number, text in enumerate(
        ["", "{", "[]", '{"tags": 3}', '{"color": 1}', "[" * 10_000, '{"tags": ["\\ud800"]}']
    ):
        user = make_user()
        broken = make_filter(user, f"broken {number}")
        type(broken).objects.filter(pk=broken.pk).update(filter_string=text)
        make_profile(user, filters=[broken])
    make_incident()
    with drill.working(sink):
        drill.wait_until_settled()

    drill.assert_all_were_sent(sink, 1)
    assert sink.messages[0].recipients == (address,)
