"""What must be right before Argus starts: nobody shall learn at the first incident that nothing can be sent."""

from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from .media.base import PermanentFailure
from .media.mail import check_address
from .media.registry import SETTINGS, load_medium
from .media.sms import EmailGatewaySMS, gateway_for

TAG = "notifications"
EXAMPLE_NUMBER = "+4712345678"


@register(TAG)
def check_media(app_configs, **kwargs) -> list[CheckMessage]:
    """The classes that deliver can be imported, and called as they will be."""
    errors = []
    for setting in SETTINGS.values():
        try:
            load_configured(setting)
        except ImproperlyConfigured as error:
            hint = "Give the dotted path of a class with a static method send(incident, user, **kwargs), or None."
            errors.append(Error(str(error), hint=hint, id="argus_notificationprofile.E001"))
    return errors


@register(TAG)
def check_sender(app_configs, **kwargs) -> list[CheckMessage]:
    """There is an address to send from."""
    try:
        check_address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    except PermanentFailure:
        message = f"DEFAULT_FROM_EMAIL is no e-mail address: {settings.DEFAULT_FROM_EMAIL!r}"
        return [Error(message, id="argus_notificationprofile.E002")]
    return []


@register(TAG)
def check_sms_gateway(app_configs, **kwargs) -> list[CheckMessage]:
    """Whoever sends SMS by mail has a gateway to send them to."""
    if not uses_gateway():
        return []
    try:
        check_address(gateway_for(EXAMPLE_NUMBER)[0])
    except (PermanentFailure, ImproperlyConfigured):
        message = f"ARGUS_SMS_GATEWAY is no e-mail address: {settings.ARGUS_SMS_GATEWAY!r}"
        hint = "Use an address such as {number}@sms.example.org, or a fixed one."
        return [Error(message, hint=hint, id="argus_notificationprofile.E003")]
    return []


@register(TAG)
def check_patience(app_configs, **kwargs) -> list[CheckMessage]:
    """Nobody waits for a mail server for ever."""
    if settings.EMAIL_TIMEOUT:
        return []
    message = "EMAIL_TIMEOUT is not set: a mail server that does not answer would hold up all notifications."
    return [Warning(message, id="argus_notificationprofile.W001")]


def load_configured(setting: str) -> type | None:
    """Return the class that a setting names, if it names one."""
    path = getattr(settings, setting, None)
    return load_medium(setting, path) if path else None


def uses_gateway() -> bool:
    """Tell whether SMS go through the e-mail gateway, or are meant to."""
    if settings.ARGUS_SMS_GATEWAY:
        return True
    # A class that cannot be loaded is reported by check_media.
    with suppress(ImproperlyConfigured):
        medium = load_configured("DEFAULT_SMS_MEDIA")
        return medium is not None and issubclass(medium, EmailGatewaySMS)
    return False
