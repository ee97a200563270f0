"""Helpers for notification drills: real workers on the database of the test, and a real mail server."""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from django.db import connection

from argus.incident.models import Change
from argus.notificationprofile.models import Delivery, ProfileVersion, Verdict
from argus.notificationprofile.profile_cache import VERSION
from tests.factories import make_incident, make_source, make_user
from tests.live import SOURCE_DIR
from tests.notificationprofile.factories import make_profile
from tests.smtp_sink import HOST, Sink

# Shorter than in production, in the same proportions.
SHORT_TIMES = {
    "ARGUS_NOTIFICATION_SEND_TIMEOUT": "2",
    "ARGUS_NOTIFICATION_LEASE": "4",
    "ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY": "1",
    "ARGUS_NOTIFICATION_RETRY_MAX_DELAY": "2",
    "EMAIL_TIMEOUT": "1",
}
TIMEOUT = 50


def database_url() -> str:
    """The URL of the database that this test uses."""
    values = connection.settings_dict
    password = quote(values["PASSWORD"], safe="")
    return f"postgresql://{values['USER']}:{password}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


class Team:
    """Workers, each in its own process. ``processes`` are those that the test has not ended."""

    def __init__(self, sink: Sink, **environment: str):
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SOURCE_DIR), str(SOURCE_DIR.parent)]),
            "DJANGO_SETTINGS_MODULE": "tests.flows.drill_settings",
            "DATABASE_URL": database_url(),
            "ARGUS_SEND_NOTIFICATIONS": "1",
            "EMAIL_HOST": HOST,
            "EMAIL_PORT": str(sink.port),
            **SHORT_TIMES,
            **environment,
        }
        self.processes: list[subprocess.Popen] = []

    def hire(self) -> subprocess.Popen:
        """Start one more worker."""
        command = [sys.executable, "-m", "django", "send_notifications"]
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, start_new_session=True)
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen) -> None:
        """Kill a worker without warning."""
        process.kill()
        process.wait(10)
        self.processes.remove(process)

    def assert_all_are_alive(self) -> None:
        assert [process.poll() for process in self.processes] == [None] * len(self.processes)


@contextlib.contextmanager
def working(sink: Sink, number: int = 1, **environment: str) -> Iterator[Team]:
    """Run a team of ``number`` workers until the block ends."""
    team = Team(sink, **environment)
    try:
        for _ in range(number):
            team.hire()
        yield team
    finally:
        for process in list(team.processes):
            team.kill(process)


def make_audience(number: int, **values) -> list[str]:
    """Create users with a profile for all incidents; return their addresses."""
    ProfileVersion.objects.get_or_create(pk=VERSION)
    return [make_profile(make_user(), **values).user.email for _ in range(number)]


def post_incidents(number: int) -> list:
    """Create incidents of one source."""
    source = make_source()
    return [make_incident(source) for _ in range(number)]


def wait_until(condition, seconds: float = TIMEOUT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, (
            f"{verdicts()} and {Change.objects.unrouted().count()} events after {seconds} s"
        )
        time.sleep(0.05)


def wait_until_settled(seconds: float = TIMEOUT) -> None:
    """Wait until everything is routed and every delivery is settled."""
    wait_until(is_settled, seconds)


def is_settled() -> bool:
    """Return whether everything is routed and every delivery is settled."""
    return not (Change.objects.unrouted().exists() or Delivery.objects.unsettled().exists())


def verdicts() -> dict[str, int]:
    """Return the number of deliveries by verdict."""
    return dict(Counter(Delivery.objects.values_list("verdict", flat=True)))


def copies(sink: Sink) -> Counter[str]:
    """Return how often each mail has arrived, by Message-ID."""
    return Counter(mail.id for mail in sink.messages)


def assert_all_were_sent(sink: Sink, number: int) -> None:
    """``number`` different mails have arrived, and each has a delivery."""
    assert verdicts() == {Verdict.SENT: number}
    assert len(copies(sink)) == number


def events_sent(sink: Sink) -> dict[tuple[str, str], list[int]]:
    """Return the events by address and incident, in the order of the mails, without repetitions."""
    sent: dict[tuple[str, str], list[int]] = {}
    for mail in sink.messages:
        message = mail.message
        events = sent.setdefault((mail.recipients[0], message["X-Argus-Incident"]), [])
        if int(message["X-Argus-Event"]) not in events:
            events.append(int(message["X-Argus-Event"]))
    return sent
