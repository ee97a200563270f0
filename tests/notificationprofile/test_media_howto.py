"""The example plugin of the how-to, taken from its page and run as an installation would."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from django.core.checks import run_checks

from argus.auth.models import PhoneNumber
from argus.notificationprofile.checks import TAG
from argus.notificationprofile.media.base import PermanentFailure
from argus.notificationprofile.media.registry import configured_media
from argus.notificationprofile.models import Delivery, Verdict
from argus.notificationprofile.worker import Worker
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_profile
from tests.notificationprofile.messages import make_message, start_of
from tests.servers import find_free_port

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-a-medium.md"
NUMBER = "+4712345678"

pytestmark = pytest.mark.django_db


class Provider(ThreadingHTTPServer):
    """What the example sends SMS to. ``status`` is what it answers, ``requests`` what it has been asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.requests = 202, []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.headers, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def provider():
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def plugin(settings, provider, tmp_path, monkeypatch):
    """The plugin as the page says to install it; only the provider is ours."""
    code, own_settings = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[:2]
    (tmp_path / "sms_plugin.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    values: dict = {}
    exec("\n".join(line for line in own_settings.splitlines() if " import " not in line), values)
    for name in re.findall(r"^([A-Z_]+) =", own_settings, re.MULTILINE):
        setattr(settings, name, values[name])
    settings.SMS_PROVIDER_URL = f"http://127.0.0.1:{provider.server_port}/v1/messages"
    return configured_media()["SM"]


@pytest.fixture
def send(plugin):
    """Send a new incident through the plugin, as the worker does."""
    start, user = start_of(make_incident(description="Switch sw-3 does not answer")), make_user()
    message = make_message(start, user, medium="SM", address=NUMBER)

    def send():
        keywords = {"event": start, "profile": None, "message": message, "address": NUMBER, "phone_number": NUMBER}
        with plugin.session() as extra:
            return plugin.send(start.incident, user, **keywords, **extra)

    send.message = message
    return send


def test_example_passes_the_check_at_start_up(plugin):
    assert run_checks(tags=[TAG]) == []


def test_example_delivers(send, provider):
    assert send() is None

    ((headers, body),) = provider.requests
    assert body == {"to": NUMBER, "text": send.message.subject}
    assert "Switch sw-3 does not answer" in body["text"]
    assert headers["Idempotency-Key"] == send.message.message_id


def test_example_delivers_what_a_profile_asks_for_and_the_ledger_says_so(plugin, provider, settings):
    settings.ARGUS_SEND_NOTIFICATIONS = True
    user = make_user()
    number = PhoneNumber.objects.create(user=user, phone_number=NUMBER)
    make_profile(user, media=["SM"], phone_number=number)
    make_incident(description="Switch sw-3 does not answer")
    worker = Worker()

    while worker.work():
        pass

    assert [body["to"] for _, body in provider.requests] == [NUMBER]
    assert Delivery.objects.get().verdict == Verdict.SENT


@pytest.mark.parametrize("status", [400, 404, 422])
def test_example_tells_when_a_number_is_hopeless(send, provider, status):
    provider.status = status

    with pytest.raises(PermanentFailure, match=str(status)):
        send()


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_example_leaves_other_refusals_to_be_tried_again(send, provider, status):
    provider.status = status

    with pytest.raises(HTTPError):
        send()


def test_example_leaves_a_provider_that_is_away_to_be_tried_again(send, settings):
    settings.SMS_PROVIDER_URL = f"http://127.0.0.1:{find_free_port()}/"

    with pytest.raises(URLError):
        send()
