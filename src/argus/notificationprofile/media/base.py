"""The interface of a medium, a way to send notifications. Plugins import this module and nothing else of Argus."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from argus.util.text import one_line, printable  # noqa: F401  (for media)


class PermanentError(Exception):
    """The message can never be delivered to this address. Argus does not retry."""


# The former name, which existing plugins import.
PermanentFailure = PermanentError


class InvalidSettingsError(ValueError):
    """The settings of a destination do not fit its medium."""


@dataclass(frozen=True)
class Recipient:
    """The user who is notified."""

    pk: int
    username: str
    email: str


@dataclass(frozen=True)
class EventData:
    """The event that the message is about. ``type`` is the code on the wire, such as ``STA``."""

    pk: int
    type: str
    type_display: str
    actor: str
    timestamp: datetime
    description: str
    expiration: datetime | None = None


@dataclass(frozen=True)
class IncidentData:
    """The incident as it is now. ``end_time`` is ``None`` for open and for stateless incidents."""

    pk: int
    description: str
    source: str
    source_type: str
    source_incident_id: str
    start_time: datetime
    end_time: datetime | None
    stateful: bool
    open: bool
    tags: tuple[str, ...]
    details_url: str
    ticket_url: str
    url: str


@dataclass(frozen=True)
class Message:
    """A notification about one event for one destination. Retries get an equal message.

    ``subject`` is one line. ``settings`` are those of the destination, and ``address`` is the one of them that the
    delivery log shows. ``headers`` and ``references`` group e-mails about one incident into a conversation.
    """

    subject: str
    text: str
    html: str
    message_id: str
    event: EventData
    incident: IncidentData
    recipient: Recipient
    address: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


class Medium(ABC):
    """A way to send notifications. Argus makes one instance for each batch of messages.

    ``code`` identifies the medium in the database and on the wire: at most 16 letters, digits, ``-`` and ``_``.
    ``settings_schema`` is a JSON schema of an object: the settings of one destination. ``address_setting`` names the
    property that the delivery log shows as the address.
    """

    code: ClassVar[str] = ""
    label: ClassVar[str] = ""
    settings_schema: ClassVar[Mapping[str, Any]] = {}
    address_setting: ClassVar[str] = ""

    @classmethod
    def validate(cls, settings: Mapping[str, Any]) -> None:
        """Check the settings of a destination against the schema. Raises ``InvalidSettingsError``."""
        # Importing jsonschema takes longer than starting a worker, and most processes never validate settings.
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        validator = Draft202012Validator(cls.settings_schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        if (error := best_match(validator.iter_errors(settings))) is not None:
            raise InvalidSettingsError(f"{error.json_path}: {error.message}")

    def open(self) -> None:  # noqa: B027  (optional)
        """Prepare for sending, for example connect. Called once, in the thread that sends."""

    @abstractmethod
    def send(self, message: Message) -> None:
        """Hand the message over; return ``None`` when the other side has accepted it.

        Raises ``PermanentError`` if the message can never be delivered. Argus retries after any other exception. A
        message may come twice, with the same ``message_id``, if a worker died before it could record the first.
        """

    def close(self) -> None:  # noqa: B027  (optional)
        """Release what ``open`` has acquired. Called from another thread if ``send`` has timed out."""


class NotificationMedium(ABC):
    """The interface of Argus 1: a class with a static method ``send``. Argus adapts such classes to ``Medium``."""

    @staticmethod
    @abstractmethod
    def send(incident: Any, user: Any, **kwargs: Any) -> None:
        """Hand the message over, as ``Medium.send`` does.

        ``incident`` and ``user`` are database objects. ``kwargs`` always hold ``event``, ``profile`` (``None`` once it
        is deleted), ``message``, ``address``, and for SMS ``phone_number`` in E.164. Ignore unknown ones.
        """

    @classmethod
    def session(cls) -> AbstractContextManager[dict[str, Any]]:
        """Return a context manager for a batch of messages. It yields further keyword arguments for ``send``."""
        return nullcontext({})
