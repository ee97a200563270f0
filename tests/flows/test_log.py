"""The log of one incident, from the request to the notification, without secrets."""

import json
import time

import pytest
import requests

from tests.factories import incident_body
from tests.live import PASSWORD, new_database, running_argus
from tests.smtp_sink import HOST, running_sink

pytestmark = pytest.mark.once

NUMBER = "+4791234567"
REQUEST = "one-request-of-nav"
TIMEOUT = 60


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
        "ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY": "1",
    }
    with new_database() as url, running_argus(url, **surroundings) as argus:
        yield argus


@pytest.fixture(scope="module")
def incident(server, sink) -> dict:
    """A user has a profile with SMS, a source posts an incident, the gateway refuses the first attempt."""
    token = server.make_admin()
    requests.post(f"{server.api}token-auth/", json={"username": "admin", "password": "wrong-password"}, timeout=10)
    admin = server.session(token)
    profiles = f"{server.api}notificationprofiles/"
    slot = admin.get(f"{profiles}timeslots/?token={token}&password={PASSWORD}", timeout=10).json()[0]["pk"]
    criteria = {"name": "all", "filter_string": '{"sourceSystemIds": [], "tags": []}'}
    wanted = admin.post(f"{profiles}filters/", json=criteria, timeout=10).json()["pk"]
    number = admin.post(f"{server.api}auth/phone-number/", json={"phone_number": NUMBER}, timeout=10).json()["pk"]
    profile = {"timeslot": slot, "filters": [wanted], "media": ["SM"], "active": True, "phone_number": number}
    assert admin.post(profiles, json=profile, timeout=10).status_code == 201
    sink.answer("4791234567@sms.example.org", "450 4.2.1 4791234567 is busy", times=1)
    source = server.make_source()
    headers = {"X-Request-ID": REQUEST, "Cookie": "sessionid=abcdefghijklmnop"}
    posted = server.session(source["token"]).post(
        f"{server.api}incidents/", json=incident_body(), headers=headers, timeout=10
    )
    assert (posted.status_code, posted.headers["X-Request-ID"]) == (201, REQUEST)
    assert requests.get(server.api, headers={"Host": "wrong.example.org"}, timeout=10).status_code == 400
    wait_until(lambda: any("sent" in one["message"] for one in entries(server)))
    return {"tokens": [token, source["token"]], "source": source, "pk": posted.json()["pk"]}


def wait_until(condition) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def entries(server) -> list[dict]:
    """Return the JSON log entries of the server and its worker."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_request_id_connects_request_audit_and_notification(server, incident):
    mine = [one for one in entries(server) if one["request_id"] == REQUEST]
    kinds = [one["logger"] for one in mine]
    audit, access, *deliveries = mine

    assert kinds == ["argus.audit", "argus.access", *["argus.notificationprofile.worker"] * 2]
    assert (audit["verb"], audit["object"]) == ("recorded START", f"incident {incident['pk']}")
    assert audit["actor"] == access["user"] == incident["source"]["username"]
    assert (access["method"], access["path"], access["status"]) == ("POST", "/api/v1/incidents/", 201)
    assert access["duration_ms"] > 0
    assert [one["incident"] for one in deliveries] == [incident["pk"]] * 2
    assert ["sent" in one["message"] for one in deliveries] == [False, True]


def test_log_contains_no_secret(server, incident):
    log = server.log.read_text()
    secrets = [*incident["tokens"], PASSWORD, "wrong-password", NUMBER, NUMBER.lstrip("+"), "abcdefghijklmnop"]

    assert [secret for secret in secrets if secret in log] == []
    assert any(one["message"].startswith("- failed to log in") for one in entries(server))


def test_wrong_host_is_one_line_without_traceback(server, incident):
    (entry,) = [one for one in entries(server) if one["logger"] == "django.security.DisallowedHost"]

    assert entry["level"] == "WARNING"
    assert "wrong.example.org" in entry["message"]
    assert "Traceback" not in server.log.read_text()
