"""A real browser with a page from another origin that does what the published frontends do.

It needs Chromium on this machine, and says so where there is none.
"""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAM, Chromium
from tests.factories import incident_body
from tests.live import PASSWORD, new_database, running_argus

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (on Debian: apt install chromium)")


class Pages(SimpleHTTPRequestHandler):
    """The files beside this one."""

    def log_message(self, *args):
        """Keep the tests' output for the tests."""


@pytest.fixture(scope="module")
def frontend_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(Path(__file__).parent))) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def server(frontend_url):
    with new_database() as database_url, running_argus(database_url, ARGUS_FRONTEND_URL=frontend_url) as server:
        server.make_admin()
        yield server


@pytest.fixture
def browser(tmp_path):
    with Chromium(tmp_path) as browser:
        yield browser


def log_in(browser, password: str = PASSWORD) -> None:
    browser.value(f"$('username').value = 'admin', $('password').value = '{password}'")
    browser.value("document.querySelector('#login button').click()")


def state_is(pk: int, state: str) -> str:
    return f"$('incident-{pk}')?.dataset.state === '{state}'"


def test_log_in_see_what_happens_acknowledge_and_leave(server, frontend_url, browser):
    source = server.session(server.make_source("nav.example.org")["token"])
    first = source.post(f"{server.api}incidents/", json=incident_body(source_incident_id="1")).json()["pk"]
    browser.open(f"{frontend_url}/frontend.html?backend={server.url}")

    log_in(browser, "guessed")
    browser.wait_for("$('error').textContent === 'Wrong username or password'")

    log_in(browser)
    browser.wait_for("$('user').textContent === 'Admin' && $('live').textContent === 'on'")
    browser.wait_for(state_is(first, "open unacked"))

    body = incident_body(source_incident_id="2", tags=[{"tag": "host=sw-3"}])
    second = source.post(f"{server.api}incidents/", json=body).json()["pk"]
    browser.wait_for(state_is(second, "open unacked"))
    assert browser.value(f"$('incident-{second}').cells[2].textContent") == "host=sw-3"

    browser.value(f"$('incident-{second}').querySelector('button').click()")
    browser.wait_for(state_is(second, "open acked"))

    end = {"type": "END", "timestamp": "2024-05-15T15:00:00+02:00"}
    assert source.post(f"{server.api}incidents/{first}/events/", json=end).status_code == 201
    browser.wait_for(state_is(first, "closed unacked"))

    browser.value("$('logout').click()")
    browser.wait_for("$('user').textContent === '' && $('live').textContent === 'off' && !cookie()")


def test_the_session_of_the_admin_opens_the_websocket_of_a_page_from_here(server, browser):
    browser.open(f"{server.url}/admin/login/?next=/admin/")
    fill = f"id_username.value = 'admin', id_password.value = '{PASSWORD}', document.forms[0].requestSubmit()"
    browser.value(fill)
    browser.wait_for("location.pathname === '/admin/' && document.readyState === 'complete'")

    assert browser.value("fetch('/api/v1/auth/user/').then(r => r.json()).then(u => u.username)") == "admin"
    said = browser.value(
        "new Promise((done) => { const socket = new WebSocket(`ws://${location.host}/ws/open/`);"
        ' socket.onopen = () => socket.send(\'{"action": "subscribe"}\');'
        " socket.onmessage = (m) => done(JSON.parse(m.data).type); socket.onclose = () => done('closed'); })"
    )

    assert said == "subscribed"
