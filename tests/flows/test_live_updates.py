"""Whatever process makes a change, the clients of every web process see it, until they are sent away in order."""

import contextlib
import subprocess
import sys

import pytest
import redis
import requests

from tests.live import PASSWORD, Argus, new_database, running_argus
from tests.servers import Server, running
from tests.ws.server import following

ADDRESS = "/ws/open/"


class Door:
    """Where a server of Argus takes websockets."""

    def __init__(self, server: Server):
        self.url = server.url.replace("http://", "ws://") + ADDRESS


class Uvicorn(Argus):
    """Argus in a server of somebody's own choice."""

    def command(self) -> list[str]:
        options = ["--lifespan", "off", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", *options, "argus.site.asgi:application"]


def post(argus, token: str, source_id: str) -> int:
    body = {"start_time": "2024-05-15T14:00:00Z", "end_time": "infinity", "source_incident_id": source_id, "tags": []}
    answer = argus.session(token).post(f"{argus.api}incidents/", json=body, timeout=30)
    assert answer.status_code == 201
    return answer.json()["pk"]


def told_of(follower, pk: int) -> dict:
    """The first message about the incident."""
    while True:
        message = follower.hear(40)
        if message.get("payload", {}).get("pk") == pk:
            return message


def test_changes_by_request_and_by_command_show_in_the_embedded_default(argus, admin_token, source):
    with following(Door(argus), admin_token) as follower:
        assert follower.subscribe()["type"] == "subscribed"
        assert told_of(follower, post(argus, source["token"], "live"))["type"] == "created"

        argus.manage("create_fake_incident", "--description", "By a command")
        message = follower.hear(40)
        while message["payload"]["description"] != "By a command":
            message = follower.hear(40)
        assert message["type"] == "created"
        assert "problem_type=test" in {tag["tag"] for tag in message["payload"]["tags"]}
        # It is told once, though it was found by its event.
        assert follower.hears_nothing(1.5)


def test_browser_that_has_logged_in_to_the_admin_is_let_in_and_let_go(argus, admin_token):
    browser = requests.Session()
    page = f"{argus.url}/admin/login/"
    browser.get(page, timeout=30)
    form = {"username": "admin", "password": PASSWORD, "next": "/admin/"}
    headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": page}
    assert browser.post(page, data=form, headers=headers, timeout=30).status_code == 200
    cookies = {"Cookie": f"sessionid={browser.cookies['sessionid']}", "Origin": argus.url}
    with following(Door(argus), headers=cookies) as follower:
        assert follower.subscribe()["type"] == "subscribed"
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": page}
        assert browser.post(f"{argus.url}/admin/logout/", headers=headers, timeout=30).status_code == 200

        assert follower.close_code() == 4401


@pytest.fixture
def two(own_valkey):
    """Two servers on one database and one Valkey, a token of an administrator, and the Valkey."""
    with new_database() as url, contextlib.ExitStack() as stack:
        one = stack.enter_context(running_argus(url, ARGUS_REDIS_URL=own_valkey.url))
        other = Uvicorn(one.database_url, ARGUS_REDIS_URL=own_valkey.url)
        yield one, stack.enter_context(running(other)), one.make_admin(), own_valkey


# As in a worker of gunicorn: no event loop, and children made by a fork.
SCRIPT = """
import django, os
django.setup()
from django.core.management import call_command
child = os.fork()
call_command("create_fake_incident", description="by a child" if child == 0 else "by a parent")
child and os.waitpid(child, 0)
"""


def test_clients_of_all_servers_are_told_the_same_whoever_makes_the_change(two):
    one, other, token, _ = two
    source = one.make_source()
    with following(Door(one), token) as here, following(Door(other), token) as there:
        place = here.subscribe(since=None)
        assert there.subscribe()["sequence"] == place["sequence"]
        post(one, source["token"], "by one")
        post(other, source["token"], "by the other")
        run = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, **one.surroundings())
        assert done.returncode == 0, done.stderr

        last, heard = post(one, source["token"], "the last"), []
        while last not in pks(heard):
            heard.append(here.hear(40))
        assert {"by a child", "by a parent"} < {message["payload"]["description"] for message in heard}
        assert len(pks(heard)) == 5
        assert [there.hear() for _ in heard] == heard
        numbers = [message["sequence"] for message in heard]
        assert numbers == list(range(place["sequence"] + 1, place["sequence"] + 1 + len(heard)))


def pks(messages: list[dict]) -> set[int]:
    return {message["payload"]["pk"] for message in messages}


def test_no_command_waits_for_a_redis_that_is_away_and_servers_stop_in_order(two):
    one, other, token, valkey = two
    with following(Door(one), token) as here, following(Door(other), token) as there:
        here.subscribe(since=None)
        there.subscribe()
        one.manage("create_fake_incident")
        with redis.Redis.from_url(valkey.url) as client:
            assert client.llen("{argus.live}:log:staff") > 0
        valkey.kill()
        one.manage("create_fake_incident")
        valkey.start()
        while here.hear(40)["type"] != "reload":
            pass
        listed = one.session(token).get(f"{one.api}incidents/open/", timeout=30).json()
        assert len(listed) == 2
        # This one has not heard of numbers, so it has to connect anew.
        assert there.close_code() == 1012

        one.process.terminate()
        assert here.close_code() == 1012
        one.process.wait(30)
    valkey.kill()
    with following(Door(other), token) as there:
        there.subscribe()
        other.process.terminate()
        assert there.close_code() == 1012
        other.process.wait(30)
    for server in (one, other):
        assert "Traceback" not in server.log.read_text(), server.log.read_text()
