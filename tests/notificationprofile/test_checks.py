"""The system checks of the notification settings."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from argus.notificationprofile.checks import TAG

PLUGINS = "tests.notificationprofile.plugins"
GATEWAY = "argus.notificationprofile.media.sms.EmailGatewaySMS"


def problems() -> dict[str, str]:
    """The messages of the checks by id, without the app's name."""
    return {message.id.rpartition(".")[2]: message.msg for message in run_checks(tags=[TAG])}


def test_default_settings_have_no_problems():
    assert problems() == {}


@pytest.mark.parametrize("setting", ["DEFAULT_EMAIL_MEDIA", "DEFAULT_SMS_MEDIA"])
@pytest.mark.parametrize("path", ["nowhere.Medium", "nonsense", f"{PLUGINS}.WithoutSend", f"{PLUGINS}.WithMethod"])
def test_invalid_medium_is_an_error_that_names_the_setting(settings, setting, path):
    setattr(settings, setting, path)

    assert list(problems()) == ["E001"]
    assert problems()["E001"].startswith(f"{setting}: '{path}' ")


@pytest.mark.parametrize("path", [None, f"{PLUGINS}.Good", f"{PLUGINS}.Unrelated", f"{PLUGINS}.Argus100"])
def test_valid_medium_is_no_error(settings, path):
    settings.DEFAULT_SMS_MEDIA = path

    assert problems() == {}


def test_commands_do_not_start_with_an_invalid_medium(settings):
    settings.DEFAULT_SMS_MEDIA = "nowhere.Medium"

    with pytest.raises(SystemCheckError, match="DEFAULT_SMS_MEDIA"):
        call_command("check")


@pytest.mark.parametrize("sender", ["", "argus", "Argus <argus>", "a@b@c d"])
def test_sender_must_have_an_address(settings, sender):
    settings.DEFAULT_FROM_EMAIL = sender

    assert list(problems()) == ["E002"]


@pytest.mark.parametrize("sender", ["argus@localhost", "Argus <argus@example.org>", "argus@bücher.example"])
def test_sender_may_have_a_name_and_any_domain(settings, sender):
    settings.DEFAULT_FROM_EMAIL = sender

    assert problems() == {}


@pytest.mark.parametrize("gateway", ["", "sms.example.org", "{number}", "{name} x@sms.example.org"])
def test_sms_gateway_must_be_an_email_address(settings, gateway):
    settings.DEFAULT_SMS_MEDIA = GATEWAY
    settings.ARGUS_SMS_GATEWAY = gateway

    assert list(problems()) == ["E003"]


@pytest.mark.parametrize("gateway", ["{number}@sms.example.org", "{digits}.secret@sms.example.org", "sms@example.org"])
def test_sms_gateway_may_contain_the_number_or_be_fixed(settings, gateway):
    settings.DEFAULT_SMS_MEDIA = GATEWAY
    settings.ARGUS_SMS_GATEWAY = gateway

    assert problems() == {}


def test_missing_email_timeout_is_a_warning(settings):
    settings.EMAIL_TIMEOUT = None

    assert list(problems()) == ["W001"]
