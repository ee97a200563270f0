"""``manage.py copy_database``: from SQLite to PostgreSQL and back, without loss."""

import contextlib
import json
import os
import subprocess
import sys

import psycopg2
import pytest
import requests

from tests.factories import incident_body
from tests.live import ROOT, Argus, new_database
from tests.test_servers import connect_to, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="needs a PostgreSQL to move to"),
]

# One of everything that demo data do not have.
MORE = """
from datetime import UTC, datetime, timedelta
from django.contrib.sessions.models import Session
from django.utils import timezone
from argus.auth.authtoken.models import Token
from argus.auth.models import PhoneNumber, User
from argus.incident.models import Change, Event, Incident
from argus.incident.services import acknowledge
from argus.notificationprofile.models import Delivery, Filter, NotificationProfile

kari = User.objects.get(username="kari")
number = PhoneNumber.objects.create(user=kari, phone_number="+4747474747")
profile = NotificationProfile.objects.create(
    user=kari, timeslot=kari.timeslots.create(name="More"), media=["EM", "SM"], phone_number=number
)
profile.filters.add(Filter.objects.create(user=kari, name="More", filter_string='{"sourceSystemIds": [], "tags": []}'))
Token.objects.update(created=timezone.now() - timedelta(days=13, microseconds=1))
acknowledge(Incident.objects.open().first(), actor=kari, description="Ære være \\u2603 100 % %s")
event = Event.objects.latest("pk")
Delivery.objects.create(event=event, incident=event.incident, user=kari, profile=profile, medium="EM", address="k@x.no")
Session.objects.create(session_key="abc", session_data="x", expire_date=datetime.max.replace(tzinfo=UTC))
Incident.objects.latest("pk").delete()
assert Change.objects.unrouted().exists()
"""


@pytest.fixture(scope="module")
def old():
    """An Argus on SQLite that has been used, and is stopped."""
    with contextlib.closing(Argus()) as server:
        server.manage("create_demo")
        server.source = server.make_source("moved.example.org")
        server.manage("shell", "--verbosity=0", "-c", MORE)
        yield server


def copy(server: Argus, url: str, *, check: bool = True) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "manage.py"), "copy_database"]
    surroundings = server.surroundings()
    surroundings["env"]["TARGET_DATABASE_URL"] = url
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **surroundings)
    assert not check or done.returncode == 0, done.stderr
    return done


def contents(server: Argus) -> list:
    """Everything that is stored, as text, in one order."""
    rows = json.loads(server.manage("dumpdata"))
    assert len({row["model"] for row in rows}) > 5
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_all_rows_are_copied_to_postgresql_and_back(old, tmp_path):
    before = contents(old)
    with new_database() as url:
        printed = copy(old, url).stdout
        assert "argus_incident_incident: " in printed
        with contextlib.closing(Argus(url)) as new:
            assert contents(new) == before
            new.start()
            # A token that existed is still good, and new rows find keys that are free.
            answer = requests.post(
                f"{new.api}incidents/",
                json=incident_body(),
                headers={"Authorization": f"Token {old.source['token']}"},
                timeout=10,
            )
            assert answer.status_code == 201, answer.text
            new.stop()
            after = contents(new)
            copy(new, f"sqlite:///{tmp_path}/back.sqlite3")
        with contextlib.closing(Argus(f"sqlite:///{tmp_path}/back.sqlite3")) as back:
            assert contents(back) == after


def test_target_with_rows_is_refused_and_not_changed(old):
    with new_database() as url, contextlib.closing(Argus(url)) as taken:
        taken.make_source()
        before = contents(taken)
        refusal = copy(old, url, check=False)
        assert refusal.returncode == 1
        assert refusal.stderr.startswith("CommandError: The target is not empty: ")
        assert len(refusal.stderr.splitlines()) == 1
        assert contents(taken) == before


def test_target_with_other_tables_is_refused(old):
    with new_database() as url:
        with connect_to(url) as cursor:
            cursor.execute("CREATE TABLE accounts AS SELECT 1 AS one")
        refusal = copy(old, url, check=False)
        assert "tables of another application: accounts" in refusal.stderr
        with connect_to(url) as cursor:
            cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
            assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("url", ["", "nonsense://argus:hush@example.org/x", "postgresql://argus:hush@127.0.0.1:1/x"])
def test_invalid_target_is_refused_in_one_line_without_its_password(old, url):
    refusal = copy(old, url, check=False)
    assert refusal.returncode == 1
    assert len(refusal.stderr.splitlines()) == 1
    assert "hush" not in refusal.stderr


def test_killed_copy_leaves_the_target_empty_and_can_be_repeated(old):
    with new_database() as url, contextlib.closing(Argus(url)):
        surroundings = old.surroundings()
        surroundings["env"]["TARGET_DATABASE_URL"] = url
        blocker = psycopg2.connect(url)
        blocker.cursor().execute("LOCK TABLE argus_incident_event IN SHARE MODE")
        with subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "copy_database"], **surroundings) as process:
            with connect_to(url) as cursor:
                eventually(lambda: is_waiting(cursor), 60)
            process.kill()
        blocker.close()
        with connect_to(url) as cursor:
            eventually(lambda: not is_waiting(cursor), 60)
            cursor.execute("SELECT count(*) FROM argus_incident_incident")
            assert cursor.fetchone() == (0,)
        copy(old, url)


def is_waiting(cursor) -> bool:
    """Whether a session waits for a lock in this database."""
    cursor.execute("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    return cursor.fetchone() is not None
