"""The media of this installation: the classes that its settings name, and the adapter for the interface of Argus 1."""

import inspect
import re
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .base import Medium, Message, NotificationMedium

# The media of API v1: the setting that names the class, and the label.
V1_MEDIA = {"EM": ("DEFAULT_EMAIL_MEDIA", "E-mail"), "SM": ("DEFAULT_SMS_MEDIA", "SMS")}
SETTING = "ARGUS_MEDIA"
CODE = re.compile(r"[A-Za-z0-9_-]{1,16}")
# The keyword arguments of ``NotificationMedium.send``.
KEYWORDS = ("event", "profile", "message", "address", "phone_number")


def configured_media() -> dict[str, type[Medium]]:
    """Return the class of each medium by its code. Raises ``ImproperlyConfigured``, which names the setting."""
    media: dict[str, type[Medium]] = {}
    codes = {setting: code for code, (setting, _) in V1_MEDIA.items()}
    for setting, path in medium_paths():
        medium = load_medium(setting, path)
        code = codes.get(setting, medium.code)
        if code in media or (setting == SETTING and code in V1_MEDIA):
            raise ImproperlyConfigured(f"{SETTING}: {path!r} has the code {code!r} of another medium.")
        media[code] = medium
    return media


def medium_paths() -> list[tuple[str, str]]:
    """Return each setting with the dotted path of a class that it names."""
    named = [(setting, getattr(settings, setting, None)) for setting, _ in V1_MEDIA.values()]
    return [*((setting, path) for setting, path in named if path), *((SETTING, path) for path in settings.ARGUS_MEDIA)]


def medium_choices() -> list[tuple[str, str]]:
    """Return code and label of each medium that a profile can use. E-mail and SMS are always among them.

    Serializers call this when they are imported. The system checks report invalid settings, so they are ignored here.
    """
    choices = [(code, label) for code, (_, label) in V1_MEDIA.items()]
    with suppress(ImproperlyConfigured):
        choices += [(code, medium.label) for code, medium in configured_media().items() if code not in V1_MEDIA]
    return choices


def medium_label(code: str) -> str:
    """Return the label of a medium, or its code if it is not configured."""
    if code in V1_MEDIA:
        return V1_MEDIA[code][1]
    medium = configured_media().get(code)
    return medium.label if medium else code


@lru_cache(maxsize=64)
def load_medium(setting: str, path: str) -> type[Medium]:
    """Import the class that a setting names, and adapt it if necessary. Raises ``ImproperlyConfigured``."""
    try:
        loaded = import_string(path)
    except Exception as error:
        # The module of a plugin can raise any exception. The setting's name says where to look.
        raise ImproperlyConfigured(f"{setting}: {path!r} cannot be imported: {error}") from error
    if not inspect.isclass(loaded):
        raise ImproperlyConfigured(f"{setting}: {path!r} is not a class.")
    medium = vars(loaded).get("native", loaded)
    problem = class_problem(medium) if issubclass(medium, Medium) else plugin_problem(medium)
    if not problem and setting == SETTING:
        problem = extra_problem(medium)
    if problem:
        raise ImproperlyConfigured(f"{setting}: {path!r} {problem}")
    return medium if issubclass(medium, Medium) else adapted(medium)


def class_problem(medium: type[Medium]) -> str:
    """Return why a class cannot be a medium, or an empty string."""
    return "has no method send(message)." if "send" in medium.__abstractmethods__ else ""


def extra_problem(medium: type[Medium]) -> str:
    """Return why a class cannot be a medium beside e-mail and SMS, or an empty string."""
    if not issubclass(medium, Medium):
        return "does not inherit from argus.notificationprofile.media.base.Medium."
    if not CODE.fullmatch(medium.code):
        return f"has the code {medium.code!r}; use 1 to 16 letters, digits, '-' and '_'."
    if not medium.label:
        return "has no label."
    if medium.address_setting not in medium.settings_schema.get("properties", {}):
        return f"has no property {medium.address_setting!r} (address_setting) in its settings_schema."
    return ""


def plugin_problem(plugin: type) -> str:
    """Return why a class of the interface of Argus 1 cannot be a medium, or an empty string."""
    send = getattr(plugin, "send", None)
    if send is None or getattr(send, "__isabstractmethod__", False):
        return "has no method send."
    try:
        inspect.signature(send).bind(*["incident", "user"], **dict.fromkeys(KEYWORDS))
    except (TypeError, ValueError):
        if not is_send_of_1_0(send):
            return "has no static method send(incident, user, **kwargs)."
    return ""


def is_send_of_1_0(send: Any) -> bool:
    """Return whether this is ``send(event, profile)``, as Argus 1.0.0 called it."""
    with suppress(TypeError, ValueError):
        return list(inspect.signature(send).parameters)[:2] == ["event", "profile"]
    return False


@dataclass(frozen=True)
class RowsMessage(Message):
    """A message with the database objects that plugins for Argus 1 expect."""

    # A ``models.Delivery``. The models import this module.
    delivery: Any = field(kw_only=True)


class AdaptedMedium(Medium):
    """Base class of adapted plugins. ``send`` needs a ``RowsMessage``."""

    plugin: ClassVar[Any]

    @staticmethod
    def with_rows(message: Message, delivery: Any) -> RowsMessage:
        """Add the database objects to a message."""
        return RowsMessage(**{item.name: getattr(message, item.name) for item in fields(Message)}, delivery=delivery)

    def open(self) -> None:
        self.stack = ExitStack()
        session = getattr(self.plugin, "session", None)
        self.keywords = self.stack.enter_context(session()) if session else {}

    def send(self, message: Message) -> Any:
        assert isinstance(message, RowsMessage)
        delivery = message.delivery
        # Deliveries share their event. The plugin gets copies, so that a change does not show in the next message.
        event = copy(delivery.event)
        event.incident = copy(event.incident)
        if is_send_of_1_0(self.plugin.send):
            # Argus 1.0.0 ignored the return value.
            self.plugin.send(event, delivery.profile)
            return None
        return self.plugin.send(
            event.incident,
            delivery.user,
            event=event,
            profile=delivery.profile,
            message=message,
            address=message.address,
            phone_number=message.address,
            **self.keywords,
        )

    def close(self) -> None:
        self.stack.close()


def adapted(plugin: type[NotificationMedium]) -> type[Medium]:
    """Return a medium that sends by a class of the interface of Argus 1."""
    return type(plugin.__name__, (AdaptedMedium,), {"__module__": plugin.__module__, "plugin": plugin})
