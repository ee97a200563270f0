"""Hundreds of wrong logins against a live server: those who guess have to wait, all others get in, and it heals."""

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
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="SQLite would be busy with nothing else"),
]

GUESSERS = 8
PATIENCE = 60
# What a process may grow by, in bytes; what one kept of each guess would be more than that by far in the long run.
GROWTH = 64 * 1024 * 1024
MAKE_PEOPLE = f"""
from argus.auth.models import User
for name in ("kari", "ola"):
    User.objects.create_user(name, password={PASSWORD!r}, is_staff=True)
"""
COUNT = """
import json
from argus.auth.models import LoginAttempts
from django.contrib.sessions.models import Session
from rest_framework.authtoken.models import Token
print(json.dumps([model.objects.count() for model in (LoginAttempts, Session, Token)]))
"""
STILL_AT_IT = "UPDATE argus_auth_loginattempts SET last_attempt = now() + interval '1 minute'"
A_DAY_LATER = """
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
    """Argus behind a proxy that tells where each client is, with passwords that are quick to look at."""
    surroundings = {
        "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tests.flows.drill_settings",
        "PYTHONPATH": os.pathsep.join([str(SOURCE_DIR), str(ROOT)]),
    }
    with new_database() as url, running_argus(url, **surroundings) as argus:
        argus.manage("shell", "-c", MAKE_PEOPLE)
        yield argus


class Guesser:
    """Somebody with a connection, who tries passwords as a program or as a browser at the admin's form."""

    def __init__(self, server, number: int):
        self.server, self.number = server, number
        self.session = requests.Session()
        page = self.session.get(f"{server.url}/admin/login/", timeout=PATIENCE).text
        self.csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def guess_all(self, number: int) -> list[int]:
        """Return the statuses of this guesser's share of so many tries."""
        return [self.guess(try_) for try_ in range(self.number, number, GUESSERS)]

    def guess(self, number: int) -> int:
        """One name from one address, one name from many, many from one, many from many: a quarter of each."""
        name = "kari" if number % 4 < 2 else f"somebody{number}"
        address = "192.0.2.66" if number % 2 else f"198.51.{number // 250}.{number % 250}"
        return self.knock(name, f"guess{number}", address, as_browser=number % 8 < 4).status_code

    def knock(self, name: str, password: str, address: str, *, as_browser: bool = False) -> requests.Response:
        body = {"username": name, "password": password}
        where, keyword = ("/admin/login/", "data") if as_browser else ("/api/v1/token-auth/", "json")
        body |= {"csrfmiddlewaretoken": self.csrf} if as_browser else {}
        headers = {"X-Forwarded-For": address}
        return self.session.post(
            self.server.url + where, **{keyword: body}, headers=headers, timeout=PATIENCE, allow_redirects=False
        )


def memory_of(server) -> int:
    return psutil.Process(server.process.pid).memory_info().rss


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_wrong_logins_hurt_nobody_but_those_who_guess(server, number):
    guessers = [Guesser(server, number) for number in range(GUESSERS)]
    other = Guesser(server, 0)
    assert other.knock("ola", PASSWORD, "203.0.113.1").status_code == 200
    memory = memory_of(server)

    with ThreadPoolExecutor(GUESSERS) as pool:
        running = [pool.submit(guesser.guess_all, number) for guesser in guessers]
        logins = []
        while not all(one.done() for one in running):
            logins.append(other.knock("ola", PASSWORD, "203.0.113.1").status_code)
        statuses = [status for one in running for status in one.result()]

    assert len(statuses) == number
    # 200 is the form, shown again.
    assert set(statuses) == {200, 400, 429}
    assert set(logins) == {200}
    assert Guesser(server, 0).knock("ola", PASSWORD, "203.0.113.1", as_browser=True).status_code == 302
    assert memory_of(server) - memory < GROWTH
    tries, sessions, tokens = json.loads(server.manage("shell", "--verbosity=0", "-c", COUNT))
    # A row for each name at each address that was free to try, and one for each address.
    assert tries <= 1.5 * number + 10
    assert sessions == 1
    assert tokens <= 2

    # At once, and without anybody's help: the one they were after, from an address of her own; and everything else.
    assert other.knock("kari", PASSWORD, "203.0.113.2").status_code == 200
    assert requests.get(f"{server.url}/readyz?exclude=notifications", timeout=PATIENCE).status_code == 200
    # From where they guess it is a matter of time; on a slow machine the first pauses are over by now.
    execute(server.database_url, STILL_AT_IT)
    assert other.knock("kari", PASSWORD, "192.0.2.66").status_code == 429
    server.manage("shell", "-c", A_DAY_LATER)
    assert other.knock("kari", PASSWORD, "192.0.2.66").status_code == 200
    assert json.loads(server.manage("shell", "--verbosity=0", "-c", COUNT))[0] <= 4
    assert "Internal Server Error" not in server.log.read_text()
