"""The classes that the settings name: which are media, which are adapted, and which are refused."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from argus.notificationprofile.media.base import InvalidSettingsError
from argus.notificationprofile.media.message import build_message
from argus.notificationprofile.media.registry import configured_media, medium_choices, medium_label
from argus.notificationprofile.media.sms import EmailGatewaySMS
from argus.notificationprofile.media.smtp import EmailMedium
from argus.notificationprofile.models import Delivery
from tests.factories import make_incident
from tests.notificationprofile import plugins
from tests.notificationprofile.messages import make_delivery, start_of

ROOT = Path(__file__).parents[2]
PLUGINS = "tests.notificationprofile.plugins"
BAD = [
    "WithoutSend",
    "UnrelatedWithoutSend",
    "WithMethod",
    "WithoutKeywords",
    "function",
    "Missing",
    "calls",
]


@pytest.fixture(autouse=True)
def forget_calls():
    plugins.calls.clear()
    plugins.closed.clear()


def test_by_default_there_is_email_and_no_sms():
    assert configured_media() == {"EM": EmailMedium}


@pytest.mark.parametrize("nothing", [None, ""])
def test_empty_setting_disables_the_medium(settings, nothing):
    settings.DEFAULT_EMAIL_MEDIA = nothing

    assert configured_media() == {}


def test_changed_setting_takes_effect_at_once(settings):
    settings.DEFAULT_SMS_MEDIA = f"{PLUGINS}.Plain"
    assert configured_media()["SM"] is plugins.Plain

    settings.DEFAULT_SMS_MEDIA = "argus.notificationprofile.media.sms.EmailGatewaySMS"
    assert configured_media()["SM"] is EmailGatewaySMS


@pytest.fixture
def send_by(db, settings):
    """Send a message by the class of this name, as the worker does; return the delivery and the result."""

    def send_by(name: str) -> tuple[Delivery, object]:
        settings.DEFAULT_SMS_MEDIA = f"{PLUGINS}.{name}"
        delivery = make_delivery(start_of(make_incident()), medium="SM", address="+4712345678")
        medium_class = configured_media()["SM"]
        medium = medium_class()
        medium.open()
        result = medium.send(medium_class.with_rows(build_message(delivery), delivery))
        medium.close()
        return delivery, result

    return send_by


@pytest.mark.parametrize("name", ["Good", "Unrelated"])
def test_class_with_a_static_send_is_adapted_without_inheritance(send_by, name):
    delivery, result = send_by(name)

    ((incident, user, kwargs),) = plugins.calls
    assert (incident, user, kwargs["event"]) == (delivery.incident, delivery.user, delivery.event)
    assert kwargs["address"] == kwargs["phone_number"] == "+4712345678"
    assert kwargs["message"].subject
    assert result is None


def test_plugin_of_argus_1_0_0_gets_event_and_profile(send_by):
    delivery, result = send_by("Argus100")

    assert plugins.calls == [(delivery.event, delivery.profile)]
    assert result is None


def test_session_of_a_plugin_adds_keyword_arguments(send_by):
    send_by("WithSession")

    ((_, _, kwargs),) = plugins.calls
    assert kwargs["connection"] == "open"
    assert plugins.closed == ["open"]


# ARGUS_MEDIA


def test_further_media_have_codes_and_labels_of_their_own(settings):
    settings.ARGUS_MEDIA = [f"{PLUGINS}.Webhook"]

    assert configured_media() == {"EM": EmailMedium, "webhook": plugins.Webhook}
    assert medium_choices() == [("EM", "E-mail"), ("SM", "SMS"), ("webhook", "Webhook")]
    assert medium_label("webhook") == "Webhook"


def test_medium_that_is_not_configured_any_more_is_shown_by_its_code():
    assert medium_label("webhook") == "webhook"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Good", "does not inherit from argus.notificationprofile.media.base.Medium"),
        ("WithoutCode", "has the code ''"),
        ("LongCode", "has the code 'seventeen-letters'"),
        ("WithoutLabel", "has no label"),
        ("WithoutAddress", "has no property 'url'"),
        ("SecondEmail", "has the code 'EM' of another medium"),
        ("Abstract", r"has no method send\(message\)"),
    ],
)
def test_further_medium_with_a_mistake_is_refused(settings, name, problem):
    settings.ARGUS_MEDIA = [f"{PLUGINS}.{name}"]

    with pytest.raises(ImproperlyConfigured, match=f"^ARGUS_MEDIA: '{PLUGINS}.{name}' {problem}"):
        configured_media()


def test_two_media_with_the_same_code_are_refused(settings):
    settings.ARGUS_MEDIA = [f"{PLUGINS}.Webhook", f"{PLUGINS}.SecondWebhook"]

    with pytest.raises(ImproperlyConfigured, match="the code 'webhook' of another medium"):
        configured_media()


@pytest.mark.parametrize("settings", [{}, {"url": 1}, {"url": "ftp://example.org"}, {"url": "http://x", "more": 1}, []])
def test_settings_that_do_not_fit_the_schema_are_refused(settings):
    plugins.Webhook.validate({"url": "https://example.org/hook"})

    with pytest.raises(InvalidSettingsError):
        plugins.Webhook.validate(settings)


@pytest.mark.parametrize("settings", [{}, {"email_address": "bob"}])
def test_email_settings_need_an_address(settings):
    EmailMedium.validate({"email_address": "bob@example.org"})

    with pytest.raises(InvalidSettingsError):
        EmailMedium.validate(settings)


# Mistakes


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("setting", ["DEFAULT_EMAIL_MEDIA", "DEFAULT_SMS_MEDIA"])
def test_invalid_class_is_refused_with_the_name_of_the_setting(settings, setting, name):
    setattr(settings, setting, f"{PLUGINS}.{name}")

    with pytest.raises(ImproperlyConfigured, match=f"{setting}: '{PLUGINS}.{name}'"):
        configured_media()


def test_module_that_cannot_be_imported_is_refused(settings, tmp_path, monkeypatch):
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    settings.DEFAULT_SMS_MEDIA = "broken_plugin.Medium"

    with pytest.raises(ImproperlyConfigured, match=r"DEFAULT_SMS_MEDIA: 'broken_plugin\.Medium'.*division by zero"):
        configured_media()


def test_base_module_does_not_import_django():
    """They are imported wherever their authors like: without settings, too."""
    program = "import argus.notificationprofile.media.base, sys; sys.exit('django' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": "src"}, check=False).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("gateway", "medium"),
    [("", "None"), ("{number}@sms.example.org", "argus.notificationprofile.media.sms.EmailGatewaySMS")],
)
def test_gateway_in_the_environment_enables_sms(gateway, medium):
    program = "from argus.site.settings import base; print(base.DEFAULT_SMS_MEDIA)"
    environment = {"PYTHONPATH": "src", "ARGUS_SMS_GATEWAY": gateway}

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == medium
