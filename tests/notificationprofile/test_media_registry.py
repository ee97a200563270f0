"""The classes that settings name: what counts as a medium, and how the others are turned down at start-up."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from argus.notificationprofile.media.base import NotificationMedium
from argus.notificationprofile.media.email import EmailNotification
from argus.notificationprofile.media.registry import configured_media
from argus.notificationprofile.media.sms import EmailGatewaySMS
from tests.notificationprofile import plugins

ROOT = Path(__file__).parents[2]
PLUGINS = "tests.notificationprofile.plugins"
BAD = [
    "WithoutSend",
    "StrangerWithoutSend",
    "WithMethod",
    "WithoutKeywords",
    "function",
    "Missing",
    "calls",
]


@pytest.fixture(autouse=True)
def forget_calls():
    plugins.calls.clear()


def test_by_default_there_is_email_and_no_sms():
    assert configured_media() == {"EM": EmailNotification}


@pytest.mark.parametrize("nothing", [None, ""])
def test_medium_that_is_set_to_nothing_does_not_exist(settings, nothing):
    settings.DEFAULT_EMAIL_MEDIA = nothing

    assert configured_media() == {}


def test_named_class_is_the_medium_and_a_changed_setting_counts_at_once(settings):
    settings.DEFAULT_SMS_MEDIA = f"{PLUGINS}.Good"
    assert configured_media()["SM"] is plugins.Good

    settings.DEFAULT_SMS_MEDIA = "argus.notificationprofile.media.sms.EmailGatewaySMS"
    assert configured_media()["SM"] is EmailGatewaySMS


def test_class_of_any_origin_with_a_static_send_becomes_a_medium(settings):
    settings.DEFAULT_SMS_MEDIA = f"{PLUGINS}.Stranger"

    medium = configured_media()["SM"]

    assert issubclass(medium, NotificationMedium)
    assert configured_media()["SM"] is medium
    with medium.session() as extra:
        medium.send("incident", "user", event="event", **extra)
    assert plugins.calls == [("incident", "user", {"event": "event"})]


def test_plugin_of_argus_1_0_0_gets_event_and_profile(settings):
    settings.DEFAULT_SMS_MEDIA = f"{PLUGINS}.OfOld"

    medium = configured_media()["SM"]
    result = medium.send("incident", "user", event="event", profile="profile", message="message", phone_number="+47")

    assert plugins.calls == [("event", "profile")]
    assert result is None


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("setting", ["DEFAULT_EMAIL_MEDIA", "DEFAULT_SMS_MEDIA"])
def test_what_is_no_medium_is_refused_with_the_name_of_the_setting(settings, setting, name):
    setattr(settings, setting, f"{PLUGINS}.{name}")

    with pytest.raises(ImproperlyConfigured, match=f"{setting}: '{PLUGINS}.{name}'"):
        configured_media()


def test_module_that_breaks_when_imported_is_refused_in_the_same_way(settings, tmp_path, monkeypatch):
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    settings.DEFAULT_SMS_MEDIA = "broken_plugin.Medium"

    with pytest.raises(ImproperlyConfigured, match=r"DEFAULT_SMS_MEDIA: 'broken_plugin\.Medium'.*division by zero"):
        configured_media()


def test_plugins_need_nothing_of_argus_but_the_base_module():
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
def test_gateway_in_the_environment_is_all_that_sms_need(gateway, medium):
    program = "from argus.site.settings import base; print(base.DEFAULT_SMS_MEDIA)"
    environment = {"PYTHONPATH": "src", "ARGUS_SMS_GATEWAY": gateway}

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == medium
