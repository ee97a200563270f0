"""Hundreds of wrong logins against a running server: only the guessing clients have to wait."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.live import PASSWORD, ROOT, SOURCE_DIR, execute, new_database, running_argus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="too many writes for SQLite"),
]

GUESSERS = 8
TIMEOUT = 60
# Bytes. A server that kept data of each guess in memory would grow more.
MAX_GROWTH = 64 * 1024 * 1024
CREATE_USERS = f"""
from argus.auth.models import User
for name in ("kari", "ola"):
    User.objects.create_user(name, password={PASSWORD!r}, is_staff=True)
"""
COUNT = """
import json
from argus.auth.models import LoginAttempts
from django.contrib.sessions.models import Session
from argus.auth.authtoken.models import Token
print(json.dumps([model.objects.count() for model in (LoginAttempts, Session, Token)]))
"""
SHIFT_LAST_ATTEMPT = "UPDATE argus_auth_loginattempts SET last_attempt = now() + interval '1 minute'"
EXPIRE_ATTEMPTS = """
from datetime import timedelta
from django.db.models import F
from django.utils import timezone
from argus.auth.models import LoginAttempts
from argus.auth.retention import delete_old_login_rows
LoginAttempts.objects.update(last_attempt=F("last_attempt") - timedelta(hours=25))
delete_old_login_rows(timezone.now())
"""


@pytest.fixture
def server():
    """Argus behind a proxy that forwards client addresses, with fast password hashing."""
    surroundings = {
        "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tests.flows.drill_settings",
        "PYTHONPATH": os.pathsep.join([str(SOURCE_DIR), str(ROOT)]),
    }
    with new_database() as url, running_argus(url, **surroundings) as argus:
        argus.manage("shell", "-c", CREATE_USERS)
        yield argus


class Guesser:
    """A client that guesses passwords: over the API or in the login form of the admin."""

    def __init__(self, server, number: int):
        self.server, self.number = server, number
        self.session = requests.Session()
        page = self.session.get(f"{server.url}/admin/login/", timeout=TIMEOUT).text
        self.csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def guess_all(self, number: int) -> list[int]:
        """Make this client's share of ``number`` guesses; return the statuses."""
        return [self.guess(try_) for try_ in range(self.number, number, GUESSERS)]

    def guess(self, number: int) -> int:
        """Guess: one or many names, from one or many addresses, a quarter of each combination."""
        name = "kari" if number % 4 < 2 else f"user{number}"
        address = "192.0.2.66" if number % 2 else f"198.51.{number // 250}.{number % 250}"
        return self.log_in(name, f"guess{number}", address, as_browser=number % 8 < 4).status_code

    def log_in(self, name: str, password: str, address: str, *, as_browser: bool = False) -> requests.Response:
        body = {"username": name, "password": password}
        where, keyword = ("/admin/login/", "data") if as_browser else ("/api/v1/token-auth/", "json")
        body |= {"csrfmiddlewaretoken": self.csrf} if as_browser else {}
        headers = {"X-Forwarded-For": address}
        return self.session.post(
            self.server.url + where, **{keyword: body}, headers=headers, timeout=TIMEOUT, allow_redirects=False
        )


def memory_of(server) -> int:
    return psutil.Process(server.process.pid).memory_info().rss


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_wrong_logins_delay_only_the_guessing_clients(server, number):
    guessers = [Guesser(server, number) for number in range(GUESSERS)]
    other = Guesser(server, 0)
    assert other.log_in("ola", PASSWORD, "203.0.113.1").status_code == 200
    memory = memory_of(server)

    with ThreadPoolExecutor(GUESSERS) as pool:
        running = [pool.submit(guesser.guess_all, number) for guesser in guessers]
        logins = []
        while not all(one.done() for one in running):
            logins.append(other.log_in("ola", PASSWORD, "203.0.113.1").status_code)
        statuses = [status for one in running for status in one.result()]

    assert len(statuses) == number
    # 200 is the form with an error.
    assert set(statuses) == {200, 400, 429}
    assert set(logins) == {200}
    assert Guesser(server, 0).log_in("ola", PASSWORD, "203.0.113.1", as_browser=True).status_code == 302
    assert memory_of(server) - memory < MAX_GROWTH
    tries, sessions, tokens = json.loads(server.manage("shell", "--verbosity=0", "-c", COUNT))
    # A row for each name and address, and one for each address.
    assert tries <= 1.5 * number + 10
    assert sessions == 1
    assert tokens <= 2

    # The attacked user can log in from another address at once.
    assert other.log_in("kari", PASSWORD, "203.0.113.2").status_code == 200
    assert requests.get(f"{server.url}/readyz?exclude=notifications", timeout=TIMEOUT).status_code == 200
    # From the address of the guesses only time helps. On a slow machine the first pauses may be over.
    execute(server.database_url, SHIFT_LAST_ATTEMPT)
    assert other.log_in("kari", PASSWORD, "192.0.2.66").status_code == 429
    server.manage("shell", "-c", EXPIRE_ATTEMPTS)
    assert other.log_in("kari", PASSWORD, "192.0.2.66").status_code == 200
    assert json.loads(server.manage("shell", "--verbosity=0", "-c", COUNT))[0] <= 4
    assert "Internal Server Error" not in server.log.read_text()
