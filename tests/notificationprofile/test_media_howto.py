"""The how-to guide "Write a medium", followed step by step with a real HTTP server as the receiver."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.checks import run_checks

from argus.notificationprofile.checks import TAG
from argus.notificationprofile.models import Delivery, Destination, NotificationProfile, Reason, Verdict
from argus.notificationprofile.selection import Policy
from argus.notificationprofile.worker import Worker
from argus.site.settings.env import Env
from tests.admin_pages import Admin
from tests.factories import INCIDENTS, make_incident, make_user
from tests.notificationprofile.factories import API, make_profile, make_timeslot
from tests.servers import find_free_port

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "write-a-medium.md").read_text()

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class Receiver(ThreadingHTTPServer):
    """The receiver of the webhook. ``status`` is its answer; ``requests`` are the requests so far."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.requests = 202, []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/42"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def plugin(settings, tmp_path, monkeypatch):
    """Steps 1 and 2: install the file, and set the variable."""
    (tmp_path / "webhook_plugin.py").write_text(re.search(r"^```python\n(.*?)^```", PAGE, re.M | re.S)[1])
    monkeypatch.syspath_prepend(tmp_path)
    name, value = re.search(r"^ *export (\w+)=(\S+)$", PAGE, re.M).groups()
    monkeypatch.setenv(name, value)
    settings.ARGUS_SEND_NOTIFICATIONS = True
    setattr(settings, name, Env().items(name, []))


@pytest.fixture
def user(plugin):
    return make_user("kari")


@pytest.fixture
def destination(user, receiver) -> Destination:
    """Step 4: add the destination in the admin, with the settings of the page."""
    settings = re.search(r"`({\"url\": .*?})`", PAGE)[1]
    values = {"user": user.pk, "medium": "webhook", "label": "chat", "settings": settings}
    Admin().save(Destination, **values)
    destination = Destination.objects.get(user=user)
    assert destination.settings == json.loads(settings)
    destination.settings = {"url": receiver.url}
    destination.save()
    return destination


@pytest.fixture
def profile(user) -> NotificationProfile:
    return make_profile(user, media=["webhook"])


def work() -> None:
    worker = Worker()
    while worker.work():
        pass


def test_plugin_passes_the_check(plugin):
    assert run_checks(tags=[TAG]) == []


@pytest.mark.both
def test_notification_reaches_the_receiver_and_the_delivery_log(receiver, destination, profile):
    incident = make_incident(description="Switch sw-3 does not answer", tags=["host=sw-3"])

    work()

    ((path, headers, body),) = receiver.requests
    assert path == "/hooks/42"
    assert headers["Idempotency-Key"].startswith("<i")
    assert (body["event"], body["incident"], body["tags"]) == ("STA", incident.pk, ["host=sw-3"])
    assert body["description"] == "Switch sw-3 does not answer"
    delivery = Delivery.objects.get()
    assert (delivery.verdict, delivery.medium, delivery.address) == (Verdict.SENT, "webhook", receiver.url)
    assert delivery.destination == destination


def test_media_of_a_profile_can_be_set_over_the_api(receiver, as_user, plugin):
    Destination.objects.create(user=as_user.user, medium="webhook", label="chat", settings={"url": receiver.url})
    profile = make_profile(as_user.user, timeslot=make_timeslot(as_user.user))

    answer = as_user.patch(f"{API}{profile.timeslot_id}/", {"media": ["EM", "webhook"]}, format="json")
    make_incident()
    work()

    assert answer.json()["media"] == ["EM", "webhook"]
    assert set(Delivery.objects.values_list("medium", "verdict")) == {("EM", "sent"), ("webhook", "sent")}
    event = Delivery.objects.get(medium="webhook").event
    log = as_user.get(f"{INCIDENTS}{event.incident_id}/events/{event.pk}/deliveries/").json()
    assert {"value": "webhook", "display": "Webhook"} in [entry["medium"] for entry in log]


def test_user_can_have_several_destinations(receiver, destination, profile, user):
    second = Destination.objects.create(user=user, medium="webhook", label="2", settings={"url": f"{receiver.url}/2"})
    make_incident()

    work()

    assert {path for path, *_ in receiver.requests} == {"/hooks/42", "/hooks/42/2"}
    assert {one.destination for one in Delivery.objects.all()} == {destination, second}


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_permanent_error_is_not_retried(receiver, destination, profile, status):
    receiver.status = status
    make_incident()

    work()

    delivery = Delivery.objects.get()
    assert (delivery.verdict, delivery.attempts) == (Verdict.FAILED, 1)
    assert f"PermanentError: The receiver answered {status}" in delivery.last_error


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_other_errors_are_retried(receiver, destination, profile, status):
    receiver.status = status
    make_incident()

    work()

    assert Delivery.objects.get().verdict == Verdict.RETRYING


def test_unavailable_receiver_is_retried(destination, profile):
    destination.settings = {"url": f"http://127.0.0.1:{find_free_port()}/"}
    destination.save()
    make_incident()

    work()

    assert Delivery.objects.get().verdict == Verdict.RETRYING


def test_profile_without_a_destination_shows_in_the_delivery_log(profile):
    make_incident()

    work()

    assert Delivery.objects.get().reason == Reason.NO_ADDRESS


def test_deleted_destination_gets_no_message(receiver, destination, profile):
    make_incident()
    worker = Worker()
    worker.router.route(Policy(True, frozenset({"webhook"})))
    destination.delete()

    work()

    assert receiver.requests == []
    delivery = Delivery.objects.get()
    assert (delivery.verdict, delivery.reason) == (Verdict.SUPPRESSED, Reason.NO_ADDRESS)


def test_medium_that_is_not_configured_any_more_is_suppressed(destination, profile, settings):
    settings.ARGUS_MEDIA = []
    make_incident()

    work()

    assert Delivery.objects.get().reason == Reason.NO_MEDIUM


@pytest.mark.parametrize(
    "text", ["{}", '{"url": "ftp://example.org"}', '{"url": "https://x.example/' + "x" * 500 + '"}']
)
def test_admin_refuses_settings_that_do_not_fit_the_medium(user, text):
    answer = Admin().send(Destination, user=user.pk, medium="webhook", label="chat", settings=text)

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["settings"]
    assert not Destination.objects.exists()
