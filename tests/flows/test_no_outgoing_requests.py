"""The server never requests URLs from clients: a listener on this machine gets no connection."""

import socket

import pytest

from tests.alert.factories import ALERTS, report
from tests.factories import INCIDENTS, Client, incident_body, make_client, make_source, make_superuser
from tests.inventory.factories import make_project
from tests.inventory.requests import link_to

pytestmark = pytest.mark.once


@pytest.fixture
def listener():
    """A listening port that records connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def has_no_connection(listening: socket.socket) -> bool:
    try:
        listening.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_urls_from_clients_are_stored_and_shown_but_never_requested(db, listener, host, mailoutbox):
    boss = make_client(make_superuser("boss", email="boss@example.org"))
    source = make_client(make_source("nav").user)
    url, project = f"http://{host}:{listener.getsockname()[1]}/latest/meta-data/", make_project()

    def done(answer):
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    incident = done(source.post(INCIDENTS, incident_body(details_url=url, ticket_url=url, description=url)))
    path = f"{INCIDENTS}{incident['pk']}/"
    done(boss.patch(path, {"details_url": url, "ticket_url": url}))
    made = done(boss.post(f"{INCIDENTS}sources/", {"name": "new", "type": "nav", "base_url": url}))
    done(boss.post("/api/clouds/", {"name": "new", "customer": link_to(project.customer), "auth_url": url}))
    done(boss.post(ALERTS, report(project, message=url)))
    assert done(boss.get(path))["ticket_url"] == url
    browser = Client()
    browser.force_login(boss.user)
    for page in ("incident/", f"incident/{incident['pk']}/change/", f"sourcesystem/{made['pk']}/change/"):
        assert browser.get(f"/admin/argus_incident/{page}").status_code == 200

    assert has_no_connection(listener)


def test_listener_records_a_connection(listener):
    socket.create_connection(listener.getsockname()).close()

    assert not has_no_connection(listener)
