"""Commands for the first set-up and for demo data."""

import re
from email import message_from_bytes

import pytest
from django.core import mail
from django.core.management import CommandError
from rest_framework.test import APIClient

from argus.auth.authtoken.models import Token
from argus.auth.models import User
from argus.dev.setup import create_example_token
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, SourceSystem
from argus.notificationprofile.models import Delivery, NotificationProfile, ProfileVersion
from argus.notificationprofile.profile_cache import VERSION
from tests.fixtures import said_by

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def no_password_in_the_environment(monkeypatch):
    monkeypatch.delenv("ARGUS_ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("PORT", raising=False)


def printed_password(text: str) -> str:
    return re.search(r'Password: "([A-Za-z0-9]{16})"', text)[1]


def test_initial_setup_creates_an_admin_and_prints_the_password_once():
    first, second = said_by("initial_setup"), said_by("initial_setup")
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.is_staff
    assert admin.first_name == "Admin"
    assert admin.check_password(printed_password(first))
    assert "Password" not in second
    assert User.objects.get(username="admin").password == admin.password


def test_initial_setup_creates_the_source_of_argus():
    said_by("initial_setup")
    said_by("initial_setup")
    source = SourceSystem.objects.get(name="argus", type="argus")
    assert source.user.username == "argus"
    assert source.user.is_superuser
    assert not source.user.has_usable_password()
    assert SourceSystem.objects.count() == 1


def test_initial_setup_never_turns_a_user_into_a_source():
    person = User.objects.create_user("argus", password="mine")
    said_by("initial_setup")
    person.refresh_from_db()
    assert not person.is_superuser
    assert not hasattr(person, "source_system")
    assert re.fullmatch("argus_[0-9a-f]{6}", SourceSystem.objects.get(name="argus").user.username)


def test_given_password_is_not_printed(monkeypatch):
    assert "from-argument" not in said_by("initial_setup", "-u", "one", "-p", "from-argument")
    monkeypatch.setenv("ARGUS_ADMIN_PASSWORD", "from-environment")
    assert "from-environment" not in said_by("initial_setup", "-u", "two", "-e", "two@example.org")
    assert User.objects.get(username="one").check_password("from-argument")
    assert User.objects.get(username="two").check_password("from-environment")
    assert User.objects.get(username="two").email == "two@example.org"


def test_printed_url_has_the_port_of_serve(monkeypatch):
    monkeypatch.setenv("PORT", "9001")
    assert "http://localhost:9001/admin/" in said_by("initial_setup")


def test_printed_url_in_production_is_the_public_one(settings):
    settings.SESSION_COOKIE_SECURE = True
    settings.ALLOWED_HOSTS = ["127.0.0.1", "argus-api.example.org"]
    assert "https://argus-api.example.org/admin/" in said_by("initial_setup")


def test_printed_curl_command_posts_an_incident():
    text = said_by("initial_setup", "--example")
    token = re.search("Token ([0-9a-f]{40})", text)[1]
    again = said_by("initial_setup", "--example")
    assert token not in again
    assert "drf_create_token --reset example" in again
    client = APIClient(headers={"Authorization": f"Token {token}"})
    body = {"start_time": "2026-03-02T08:15:00Z", "end_time": "infinity", "source_incident_id": "1", "tags": []}
    assert client.post("/api/v1/incidents/", body).status_code == 201
    assert not Token.objects.get().user.is_superuser


def test_expired_example_token_is_replaced():
    old = create_example_token()
    assert create_example_token() is None
    Token.objects.update(created="2020-01-01T00:00:00Z")
    assert create_example_token() not in {old, None}


def test_fake_incident_is_open_and_has_tags():
    text = said_by("create_fake_incident", "-t", "color=red", "size=", "-d", "Something is up")
    incident = Incident.objects.get()
    assert str(incident.pk) in text
    assert incident.open
    assert incident.description == "Something is up"
    assert incident.source.name == "argus"
    assert incident.source_incident_id.isdigit()
    assert {str(tag) for tag in incident.tags.all()} == {
        "location=argus",
        f"object={incident.pk}",
        "problem_type=test",
        "color=red",
        "size=",
    }


def test_fake_incident_with_a_malformed_tag_is_refused():
    with pytest.raises(CommandError, match="="):
        said_by("create_fake_incident", "-t", "nonsense")
    assert not Incident.objects.exists()


def test_demo_has_incidents_in_every_state_and_is_created_once():
    assert "160" in said_by("create_demo")
    assert "already" in said_by("create_demo")
    incidents = Incident.objects.filter(restricted=False)
    assert incidents.count() == 160
    assert SourceSystem.objects.exclude(name__in=["argus", "alerts"]).count() == 4
    for some in (incidents.open(), incidents.closed(), incidents.stateless(), incidents.acked(), incidents.unacked()):
        assert some.exists()
    assert set(Event.objects.values_list("type", flat=True)) == set(EventType.values)
    assert incidents.exclude(ticket_url="").exists()


def test_demo_has_operators_whose_profiles_have_deliveries(settings):
    settings.ARGUS_SEND_NOTIFICATIONS = True
    ProfileVersion.objects.get_or_create(pk=VERSION)
    said_by("create_demo")
    said_by("send_notifications", "--once")
    outcomes = set(Delivery.objects.values_list("user__username", "medium", "reason"))

    assert {("kari", "EM", ""), ("ola", "EM", ""), ("ola", "SM", "medium not configured")} <= outcomes
    assert {user for user, *_ in outcomes} == {"kari", "ola", "aino"}
    assert {message.to[0] for message in mail.outbox} >= {"kari@example.org", "ola@example.org"}
    assert len(mail.outbox) < 50


def test_demo_changes_no_user_that_exists():
    User.objects.create_user("ola", email="ola@noc.example.org")
    said_by("create_demo")

    assert User.objects.get(username="ola").email == "ola@noc.example.org"
    assert not NotificationProfile.objects.filter(user__username="ola").exists()


def test_mail_without_a_mail_server_is_printed_and_stored(settings, tmp_path, capsys):
    settings.EMAIL_BACKEND = "argus.dev.mail.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    User.objects.create_user("kari", email="kari@example.org")
    said_by("send_test_message", "kari")
    printed = capsys.readouterr().out
    (path,) = (tmp_path / "mail").iterdir()
    stored = message_from_bytes(path.read_bytes())

    assert stored["To"] == "kari@example.org"
    assert [part.get_content_type() for part in stored.get_payload()] == ["text/plain", "text/html"]
    assert str(path) in printed
    assert "Subject: [Argus] Test message: " in printed
    assert "Argus can send you notifications" in printed


def test_demo_has_visible_alerts():
    assert "4 alerts" in said_by("create_demo")
    assert "alerts" not in said_by("create_demo")
    kari = APIClient()
    kari.force_authenticate(User.objects.get(username="kari"))
    seen = kari.get("/api/alerts/").json()

    assert {alert["alert_type"] for alert in seen} == {"unreachable", "disk_full", "quota_exceeded"}
    assert len(seen) == 3
    assert {bool(alert["closed"]) for alert in seen} == {alert["acknowledged"] for alert in seen} == {True, False}
