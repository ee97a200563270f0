"""The messages of the websocket: parsing requests, composing answers. No sockets and no queries.

``docs/reference/websocket.md`` describes them for authors of clients.
"""

from base64 import urlsafe_b64encode
from enum import IntEnum, StrEnum
from functools import cache
from typing import NamedTuple

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from argus.api.renderers import dumps
from argus.auth.models import User
from argus.incident.changes import Cursor, CursorExpiredError

# Characters. A valid request is far shorter.
MAX_REQUEST_LENGTH = 16 * 1024

# The name of an ASGI extension, and the type of its message: "frames" are text frames of the websocket, as bytes.
FRAMES = "argus.websocket.frames"


class CloseCode(IntEnum):
    """Why the server closes a connection."""

    INTERNAL_ERROR = 1011
    RECONNECT = 1012
    TOO_SLOW = 1013
    UNAUTHORIZED = 4401
    FOREIGN_ORIGIN = 4403
    NOT_FOUND = 4404
    TOO_MANY = 4429


class Audience(StrEnum):
    """Users who receive the same messages. Restricted incidents are sent to staff only."""

    EVERYONE = "everyone"
    STAFF = "staff"

    @classmethod
    def of(cls, user: User) -> "Audience":
        """Return the audience of a user."""
        return cls.STAFF if user.is_staff else cls.EVERYONE


class RequestError(Exception):
    """The request of a client is invalid; the message says why."""


class Position(NamedTuple):
    """A position among the messages, as clients see it.

    ``stream`` is an encrypted cursor of the change feed, valid in every web process. ``sequence`` counts the messages
    of an audience within one web process.
    """

    stream: str
    sequence: int


class Subscription(NamedTuple):
    """A request to subscribe. ``handles_reload``: the client has sent ``since``, so it understands ``reload``."""

    since: Position | None
    handles_reload: bool


def parse_request(text: str | None) -> Subscription:
    """Parse a text frame; None stands for a binary frame. Raises ``RequestError``."""
    if text is None:
        raise RequestError("only text is understood, not binary frames")
    if len(text) > MAX_REQUEST_LENGTH:
        raise RequestError("the message is too long")
    try:
        request = orjson.loads(text)
    except ValueError:
        raise RequestError("the message is not JSON") from None
    if not isinstance(request, dict):
        raise RequestError("the message is not a JSON object")
    if request.get("action") != "subscribe":
        raise RequestError(f"unknown action {str(request.get('action'))[:100]}")
    return Subscription(_parse_since(request.get("since")), "since" in request)


def _parse_since(value: object) -> Position | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RequestError("since must be null or an object with stream and sequence")
    stream, sequence = value.get("stream"), value.get("sequence")
    if not isinstance(stream, str):
        raise RequestError("since.stream must be a text")
    if type(sequence) is not int or sequence < 0:
        raise RequestError("since.sequence must be a whole number, 0 or more")
    return Position(stream, sequence)


def _cipher(audience: Audience) -> MultiFernet:
    return _build_cipher((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), audience)


@cache
def _build_cipher(secret_keys: tuple[str, ...], audience: Audience) -> MultiFernet:
    hmacs = [salted_hmac("argus.ws.stream", audience, secret=key, algorithm="sha256") for key in secret_keys]
    return MultiFernet([Fernet(urlsafe_b64encode(hmac.digest())) for hmac in hmacs])


def encrypt_cursor(cursor: Cursor, audience: Audience) -> str:
    """Return the ``stream`` of a position. Encrypted, because ids of changes would reveal restricted incidents."""
    return _cipher(audience).encrypt(cursor.to_text().encode()).decode()


def decrypt_cursor(stream: str, audience: Audience) -> Cursor:
    """Return the cursor of a ``stream``. Raises ``CursorExpiredError`` if it is none, or of another audience."""
    try:
        return Cursor.from_text(_cipher(audience).decrypt(stream.encode()).decode())
    except (InvalidToken, ValueError, TypeError, KeyError):
        raise CursorExpiredError("The stream is unknown.") from None


def compose_error(text: str) -> str:
    """Return the answer to an invalid request."""
    return dumps({"error": text}).decode()


def compose_change(incident: bytes, *, created: bool) -> str:
    """Return the start of the message about an incident, given as JSON. ``add_position`` completes it."""
    return f'{{"type":"{"created" if created else "modified"}","payload":{incident.decode()}'


def add_position(text: str, position: Position) -> str:
    """Return a message completed with its position."""
    return f'{text},"stream":"{position.stream}","sequence":{position.sequence}}}'


def compose_subscribed(channel_name: str, incidents: str, position: Position) -> str:
    """Return the answer with the first list, given as JSON. Later messages come after ``position``."""
    text = f'{{"type":"subscribed","channel_name":"{channel_name}","start_incidents":{incidents}'
    return add_position(text, position)


def compose_resumed(channel_name: str, position: Position) -> str:
    """Return the answer to a client whose missed messages follow."""
    return add_position(f'{{"type":"resumed","channel_name":"{channel_name}"', position)


def compose_reload(channel_name: str, position: Position) -> str:
    """Return the message that tells a client to read its lists again. Later messages come after ``position``."""
    return add_position(f'{{"type":"reload","channel_name":"{channel_name}"', position)
