"""One incident through the log: from the request that brought it to the message that told of it, and no secret."""

import json
import time

import pytest
import requests

from tests.factories import incident_body
from tests.live import PASSWORD, new_database, running_argus
from tests.smtp_sink import HOST, running_sink

NUMBER = "+4791234567"
REQUEST = "one-request-of-nav"
PATIENCE = 60


@pytest.fixture(scope="module")
def sink():
    with running_sink() as server:
        yield server


@pytest.fixture(scope="module")
def server(sink):
    surroundings = {
        "ARGUS_LOG_FORMAT": "json",
        "ARGUS_SEND_NOTIFICATIONS": "1",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(sink.port),
        "ARGUS_SMS_GATEWAY": "{digits}@sms.example.org",
        "ARGUS_NOTIFICATION_RETRY_FIRST": "1",
    }
    with new_database() as url, running_argus(url, **surroundings) as argus:
        yield argus


@pytest.fixture(scope="module")
def told(server, sink) -> dict:
    """The flow: somebody logs in and asks to be told by SMS, a source posts, the gateway refuses first."""
    token = server.make_admin()
    requests.post(f"{server.api}token-auth/", json={"username": "admin", "password": "wrong-password"}, timeout=10)
    admin = server.session(token)
    wishes = f"{server.api}notificationprofiles/"
    slot = admin.get(f"{wishes}timeslots/?token={token}&password={PASSWORD}", timeout=10).json()[0]["pk"]
    criteria = {"name": "all", "filter_string": '{"sourceSystemIds": [], "tags": []}'}
    wanted = admin.post(f"{wishes}filters/", json=criteria, timeout=10).json()["pk"]
    number = admin.post(f"{server.api}auth/phone-number/", json={"phone_number": NUMBER}, timeout=10).json()["pk"]
    profile = {"timeslot": slot, "filters": [wanted], "media": ["SM"], "active": True, "phone_number": number}
    assert admin.post(wishes, json=profile, timeout=10).status_code == 201
    sink.answer("4791234567@sms.example.org", "450 4.2.1 4791234567 is busy", times=1)
    source = server.make_source()
    headers = {"X-Request-ID": REQUEST, "Cookie": "sessionid=abcdefghijklmnop"}
    posted = server.session(source["token"]).post(
        f"{server.api}incidents/", json=incident_body(), headers=headers, timeout=10
    )
    assert (posted.status_code, posted.headers["X-Request-ID"]) == (201, REQUEST)
    assert requests.get(server.api, headers={"Host": "wrong.example.org"}, timeout=10).status_code == 400
    wait_until(lambda: any("sent" in one["message"] for one in entries(server)))
    return {"tokens": [token, source["token"]], "source": source, "incident": posted.json()["pk"]}


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def entries(server) -> list[dict]:
    """What the server and its worker have logged, without what they print when they start."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_a_request_is_followed_from_the_door_to_the_message(server, told):
    mine = [one for one in entries(server) if one["request_id"] == REQUEST]
    kinds = [one["logger"] for one in mine]
    audit, access, *deliveries = mine

    assert kinds == ["argus.audit", "argus.access", *["argus.notificationprofile.worker"] * 2]
    assert (audit["verb"], audit["object"]) == ("recorded START", f"incident {told['incident']}")
    assert audit["actor"] == access["user"] == told["source"]["username"]
    assert (access["method"], access["path"], access["status"]) == ("POST", "/api/v1/incidents/", 201)
    assert access["duration_ms"] > 0
    assert [one["incident"] for one in deliveries] == [told["incident"]] * 2
    assert ["sent" in one["message"] for one in deliveries] == [False, True]


def test_the_ledger_knows_the_request(server, told):
    code = "from argus.notificationprofile.models import Delivery; print(Delivery.objects.get().request_id)"

    assert REQUEST in server.manage("shell", "-c", code)


def test_no_secret_is_in_the_log(server, told):
    log = server.log.read_text()
    secrets = [*told["tokens"], PASSWORD, "wrong-password", NUMBER, NUMBER.lstrip("+"), "abcdefghijklmnop"]

    assert [secret for secret in secrets if secret in log] == []
    assert any(one["message"].startswith("- failed to log in") for one in entries(server))


def test_a_wrong_host_is_a_line_and_no_traceback(server, told):
    (entry,) = [one for one in entries(server) if one["logger"] == "django.security.DisallowedHost"]

    assert entry["level"] == "WARNING"
    assert "wrong.example.org" in entry["message"]
    assert "Traceback" not in server.log.read_text()
