"""The wording of the websocket: what a client may say, and what it is told. No sockets, no database.

Messages about incidents are JSON without its end: which number they get is known only when they are in the journal.
"""

from typing import NamedTuple

import orjson

from argus.util.json import dumps

# Longer requests are answered with an error; what Argus understands is far shorter.
LONGEST_REQUEST = 16 * 1024


class BadRequest(Exception):
    """What a client said makes no sense; the message says why."""


class Since(NamedTuple):
    """The last message that a client has got: its stream and number."""

    stream: str
    sequence: int


class Subscribe(NamedTuple):
    """A client wants to follow. One that has sent ``since``, even null, knows of numbers."""

    since: Since | None
    knows_numbers: bool


def read_request(text: str | None) -> Subscribe:
    """Understand a text frame; None stands for a binary one. Raises ``BadRequest``."""
    if text is None:
        raise BadRequest("only text is understood, not binary frames")
    if len(text) > LONGEST_REQUEST:
        raise BadRequest("the message is too long")
    try:
        request = orjson.loads(text)
    except ValueError:
        raise BadRequest("the message is not JSON") from None
    if not isinstance(request, dict):
        raise BadRequest("the message is not a JSON object")
    if request.get("action") != "subscribe":
        raise BadRequest(f"unknown action {str(request.get('action'))[:100]}")
    return Subscribe(read_since(request.get("since")), "since" in request)


def read_since(value) -> Since | None:
    """Understand where a client wants to go on from."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadRequest("since must be null or an object with stream and sequence")
    stream, sequence = value.get("stream"), value.get("sequence")
    if not isinstance(stream, str):
        raise BadRequest("since.stream must be a text")
    if type(sequence) is not int or sequence < 0:
        raise BadRequest("since.sequence must be a whole number, 0 or more")
    return Since(stream, sequence)


def error(words: str) -> str:
    """Tell that a request made no sense."""
    return dumps({"error": words}).decode()


def change(incident: bytes, *, created: bool) -> str:
    """Begin the message about an incident, given as JSON; ``numbered`` ends it."""
    return f'{{"type":"{"created" if created else "modified"}","payload":{incident.decode()}'


def numbered(text: str, stream: str, sequence: int) -> str:
    """End a message with its place in the stream."""
    return f'{text},"stream":"{stream}","sequence":{sequence}}}'


def subscribed(channel_name: str, incidents: str, since: Since) -> str:
    """Answer with the first list, given as JSON; what comes next has the number after ``since``."""
    text = f'{{"type":"subscribed","channel_name":"{channel_name}","start_incidents":{incidents}'
    return numbered(text, *since)


def resumed(channel_name: str, since: Since) -> str:
    """Announce that everything after ``since`` follows."""
    return numbered(f'{{"type":"resumed","channel_name":"{channel_name}"', *since)


def reload(channel_name: str, since: Since) -> str:
    """Tell a client to read its lists anew, since it cannot get all that it missed; then it follows from ``since``."""
    return numbered(f'{{"type":"reload","channel_name":"{channel_name}"', *since)
