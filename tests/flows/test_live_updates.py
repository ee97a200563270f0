"""Websocket clients of every web process receive the changes made by any process."""

import contextlib
import secrets
import subprocess
import sys

import pytest
import requests

from tests.live import PASSWORD, Argus, new_database, running_argus
from tests.servers import Server, running
from tests.ws.server import WebsocketClient, connected, pks, position

pytestmark = pytest.mark.once


class Websocket:
    """The websocket of a server."""

    def __init__(self, server: Server):
        self.url = server.url.replace("http://", "ws://") + "/ws/open/"


class Uvicorn(Argus):
    """Argus in uvicorn, as in production."""

    def command(self) -> list[str]:
        options = ["--lifespan", "off", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", *options, "argus.site.asgi:application"]


def post(argus, token: str, source_id: str) -> int:
    body = {"start_time": "2024-05-15T14:00:00Z", "end_time": "infinity", "source_incident_id": source_id, "tags": []}
    answer = argus.session(token).post(f"{argus.api}incidents/", json=body, timeout=30)
    assert answer.status_code == 201
    return answer.json()["pk"]


def receive_until(client: WebsocketClient, pk: int) -> list[dict]:
    """Receive messages up to the first one about the incident."""
    messages = [client.receive(40)]
    while messages[-1].get("payload", {}).get("pk") != pk:
        messages.append(client.receive(40))
    return messages


def test_changes_by_request_and_by_command_show_in_the_embedded_default(argus, admin_token, source):
    with connected(Websocket(argus), admin_token) as client:
        assert client.subscribe()["type"] == "subscribed"
        assert receive_until(client, post(argus, source["token"], "live"))[-1]["type"] == "created"

        argus.manage("create_fake_incident", "--description", "By a command")
        message = client.receive(40)
        while message["payload"]["description"] != "By a command":
            message = client.receive(40)
        assert message["type"] == "created"
        assert "problem_type=test" in {tag["tag"] for tag in message["payload"]["tags"]}
        assert client.receives_nothing(1.5)


def test_session_of_the_admin_opens_the_websocket_and_its_logout_closes_it(argus, admin_token):
    browser = requests.Session()
    page = f"{argus.url}/admin/login/"
    browser.get(page, timeout=30)
    form = {"username": "admin", "password": PASSWORD, "next": "/admin/"}
    headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": page}
    assert browser.post(page, data=form, headers=headers, timeout=30).status_code == 200
    cookies = {"Cookie": f"sessionid={browser.cookies['sessionid']}", "Origin": argus.url}
    with connected(Websocket(argus), headers=cookies) as client:
        assert client.subscribe()["type"] == "subscribed"
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": page}
        assert browser.post(f"{argus.url}/admin/logout/", headers=headers, timeout=30).status_code == 200

        assert client.close_code() == 4401


@contextlib.contextmanager
def two_servers(**environment: str):
    """Two servers on one database with the same secret key, and a token of an administrator."""
    environment |= {"SECRET_KEY": secrets.token_hex(32)}
    with new_database() as url, contextlib.ExitStack() as stack:
        one = stack.enter_context(running_argus(url, **environment))
        other = Uvicorn(one.database_url, **environment)
        yield one, stack.enter_context(running(other)), one.make_admin()


# As in a worker of gunicorn: no event loop, and child processes made by a fork.
SCRIPT = """
import django, os
django.setup()
from django.core.management import call_command
child = os.fork()
call_command("create_fake_incident", description="by a child" if child == 0 else "by a parent")
child and os.waitpid(child, 0)
"""


@pytest.mark.both
@pytest.mark.slow
@pytest.mark.parametrize("with_redis", [True, False])
def test_clients_of_all_servers_receive_the_changes_of_all_processes(own_valkey, with_redis):
    environment = {"ARGUS_REDIS_URL": own_valkey.url} if with_redis else {}
    with (
        two_servers(**environment) as (one, other, token),
        connected(Websocket(one), token) as here,
        connected(Websocket(other), token) as there,
    ):
        source = one.make_source()
        first = here.subscribe(since=None)
        there.subscribe()
        post(one, source["token"], "by one")
        post(other, source["token"], "by the other")
        run = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, **one.surroundings())
        assert done.returncode == 0, done.stderr

        messages = receive_until(here, post(one, source["token"], "the last"))
        assert {"by a child", "by a parent"} < {message["payload"]["description"] for message in messages}
        assert len(set(pks(messages))) == 5
        assert sorted(pks([there.receive(40) for _ in messages])) == sorted(pks(messages))
        numbers = [message["sequence"] for message in messages]
        assert numbers == list(range(first["sequence"] + 1, first["sequence"] + 1 + len(messages)))
        assert here.receives_nothing(1.5)
        assert there.receives_nothing(0.1)


@pytest.mark.both
@pytest.mark.slow
def test_client_of_a_killed_server_resumes_on_another_one(own_valkey):
    with two_servers(ARGUS_REDIS_URL=own_valkey.url) as (one, other, token):
        source = one.make_source()
        with connected(Websocket(other), token) as client:
            client.subscribe(since=None)
            posted = [post(one, source["token"], f"before {number}") for number in range(5)]
            messages = client.receive_many(3)
            other.kill()
        posted += [post(one, source["token"], f"after {number}") for number in range(5)]
        with connected(Websocket(one), token) as client:
            assert client.subscribe(since=position(messages[-1]))["type"] == "resumed"
            messages += receive_until(client, post(one, source["token"], "the last"))

            assert pks(messages[:-1]) == posted
            assert client.receives_nothing()


@pytest.mark.both
@pytest.mark.slow
@pytest.mark.parametrize("end", [Server.stop, Server.kill])
def test_clients_of_a_restarted_server_resume_without_a_reload(own_valkey, end):
    with two_servers(ARGUS_REDIS_URL=own_valkey.url) as (one, other, token):
        source, positions = one.make_source(), []
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connected(Websocket(other), token)) for _ in range(20)]
            for client in clients:
                client.subscribe(since=None)
            pk = post(one, source["token"], "before")
            positions = [position(receive_until(client, pk)[-1]) for client in clients]
            end(other)
        missed = [post(one, source["token"], f"missed {number}") for number in range(60)]
        other.start()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connected(Websocket(other), token)) for _ in range(20)]
            answers = [client.subscribe(since=since)["type"] for client, since in zip(clients, positions, strict=True)]
            assert answers == ["resumed"] * 20
            last = post(one, source["token"], "after")
            assert [pks(receive_until(client, last)) for client in clients] == [[*missed, last]] * 20
            metrics = requests.get(f"{other.url}/metrics", timeout=30).text
            assert "argus_websocket_reloads_total 0.0" in metrics


@pytest.mark.slow
def test_messages_arrive_while_redis_is_away_and_servers_stop_in_order(own_valkey):
    with two_servers(ARGUS_REDIS_URL=own_valkey.url) as (one, other, token):
        with connected(Websocket(one), token) as here, connected(Websocket(other), token) as there:
            here.subscribe(since=None)
            there.subscribe()
            own_valkey.kill()
            one.manage("create_fake_incident")
            assert pks([here.receive(40)]) == pks([there.receive(40)])
            own_valkey.start()
            one.manage("create_fake_incident")
            assert pks([here.receive(40)]) == pks([there.receive(40)])

            one.process.terminate()
            assert here.close_code() == 1012
            one.process.wait(30)
        own_valkey.kill()
        with connected(Websocket(other), token) as there:
            there.subscribe()
            other.process.terminate()
            assert there.close_code() == 1012
            other.process.wait(30)
        for server in (one, other):
            assert "Traceback" not in server.log.read_text(), server.log.read_text()
