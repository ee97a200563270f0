"""System checks of the notification settings. They run before Argus starts."""

from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from .media.base import PermanentError
from .media.registry import configured_media, load_medium, medium_paths
from .media.sms import EmailGatewaySMS, gateway_for
from .media.smtp import check_address

TAG = "notifications"
EXAMPLE_NUMBER = "+4712345678"


@register(TAG)
def check_media(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """The classes of the media can be imported, and have the interface of a medium."""
    return [
        Error(problem, hint='See the how-to guide "Write a medium".', id="argus_notificationprofile.E001")
        for problem in media_problems()
    ]


@register(TAG)
def check_sender(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """DEFAULT_FROM_EMAIL is an e-mail address."""
    try:
        check_address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    except PermanentError:
        message = f"DEFAULT_FROM_EMAIL is not an e-mail address: {settings.DEFAULT_FROM_EMAIL!r}"
        return [Error(message, id="argus_notificationprofile.E002")]
    return []


@register(TAG)
def check_sms_gateway(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """ARGUS_SMS_GATEWAY is an e-mail address if SMS are sent through it."""
    if not uses_gateway():
        return []
    try:
        check_address(gateway_for(EXAMPLE_NUMBER)[0])
    except (PermanentError, ImproperlyConfigured):
        message = f"ARGUS_SMS_GATEWAY is not an e-mail address: {settings.ARGUS_SMS_GATEWAY!r}"
        hint = "Use an address such as {number}@sms.example.org, or a fixed one."
        return [Error(message, hint=hint, id="argus_notificationprofile.E003")]
    return []


@register(TAG)
def check_email_timeout(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """EMAIL_TIMEOUT is set."""
    if settings.EMAIL_TIMEOUT:
        return []
    message = "EMAIL_TIMEOUT is not set. A mail server that does not answer would delay all notifications."
    return [Warning(message, id="argus_notificationprofile.W001")]


def media_problems() -> list[str]:
    """Return what is wrong with the classes that the settings name."""
    problems = []
    for setting, path in medium_paths():
        try:
            load_medium(setting, path)
        except ImproperlyConfigured as error:
            problems.append(str(error))
    if not problems:
        try:
            configured_media()
        except ImproperlyConfigured as error:
            problems.append(str(error))
    return problems


def uses_gateway() -> bool:
    """Return whether SMS are sent through the e-mail gateway, or are meant to be."""
    if settings.ARGUS_SMS_GATEWAY:
        return True
    # check_media reports a class that cannot be imported.
    with suppress(ImproperlyConfigured):
        path = settings.DEFAULT_SMS_MEDIA
        return bool(path) and issubclass(load_medium("DEFAULT_SMS_MEDIA", path), EmailGatewaySMS)
    return False
