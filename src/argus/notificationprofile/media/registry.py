"""Which media this installation has: the classes that its settings name."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ..models import Medium
from .base import NotificationMedium

SETTINGS = {Medium.EMAIL.value: "DEFAULT_EMAIL_MEDIA", Medium.SMS.value: "DEFAULT_SMS_MEDIA"}
# What a plugin is called with; the check at start-up tries it out.
KEYWORDS = ("event", "profile", "message", "address", "phone_number")


def configured_media() -> dict[str, type[NotificationMedium]]:
    """Return the medium of each code for which there is one. Raises ``ImproperlyConfigured`` naming the setting."""
    paths = {code: getattr(settings, name, None) for code, name in SETTINGS.items()}
    return {code: load_medium(SETTINGS[code], path) for code, path in paths.items() if path}


@lru_cache(maxsize=32)
def load_medium(setting: str, path: str) -> type[NotificationMedium]:
    """Return the class that a setting names, as a ``NotificationMedium`` whatever it inherits from."""
    try:
        medium = import_string(path)
    except Exception as error:
        # Whatever a plugin's module does when it is imported: the setting's name says where to look.
        raise ImproperlyConfigured(f"{setting}: {path!r} cannot be imported: {error}") from error
    if not inspect.isclass(medium):
        raise ImproperlyConfigured(f"{setting}: {path!r} is not a class.")
    if not issubclass(medium, NotificationMedium):
        medium = type(medium.__name__, (medium, NotificationMedium), {"__module__": medium.__module__})
    if is_of_old(medium.send):
        medium = type(medium.__name__, (medium,), {"__module__": medium.__module__, "send": modern(medium.send)})
    if objection := objection_to(medium):
        raise ImproperlyConfigured(f"{setting}: {path!r} {objection}")
    return medium


def objection_to(medium: type[NotificationMedium]) -> str:
    """Say why a class cannot be a medium; nothing if it can."""
    if "send" in medium.__abstractmethods__:
        return "has no method send."
    try:
        inspect.signature(medium.send).bind("incident", "user", **dict.fromkeys(KEYWORDS))
    except (TypeError, ValueError):
        return "has no static method send(incident, user, **kwargs)."
    return ""


def is_of_old(send: Callable) -> bool:
    """Tell whether this is ``send(event, profile)``, as Argus 1.0.0 called it."""
    with suppress(TypeError, ValueError):
        return list(inspect.signature(send).parameters)[:2] == ["event", "profile"]
    return False


def modern(send: Callable) -> staticmethod:
    """Let a plugin for Argus 1.0.0, which cared for no return value, be called as any other."""

    def send_event(incident, user, *, event, profile, **kwargs) -> None:
        send(event, profile)

    return staticmethod(send_event)
