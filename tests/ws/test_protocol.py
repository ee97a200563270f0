"""Requests are parsed, answers composed, and cursors encrypted for one audience."""

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from argus.incident.changes import Cursor, CursorExpiredError
from argus.ws import protocol
from argus.ws.protocol import Audience, Position, RequestError, Subscription

INVALID_REQUESTS = [
    ("{", "the message is not JSON"),
    ("", "the message is not JSON"),
    ("[" * 5_000, "the message is not JSON"),
    ('{"action": "\\ud800"}', "the message is not JSON"),
    ("x" * 20_000, "the message is too long"),
    ("[]", "the message is not a JSON object"),
    ("null", "the message is not a JSON object"),
    ("{}", "unknown action None"),
    ('{"action": "dance"}', "unknown action dance"),
    ('{"action": "\\u0000"}', "unknown action \0"),
    ('{"action": ["subscribe"]}', "unknown action ['subscribe']"),
    (None, "only text is understood, not binary frames"),
    ('{"action": "subscribe", "since": 3}', "since must be null or an object with stream and sequence"),
    ('{"action": "subscribe", "since": {"sequence": 3}}', "since.stream must be a text"),
    *(
        (f'{{"action": "subscribe", "since": {{"stream": "x", "sequence": {number}}}}}', "since.sequence must be")
        for number in ("-1", "true", "1.0", '"1"', "null")
    ),
]
CURSOR = Cursor(seen="10:20:10,12", reading="10:30:", last_id=7, time=datetime(2024, 5, 15, tzinfo=UTC))


@pytest.mark.parametrize(("text", "message"), INVALID_REQUESTS)
def test_invalid_request_is_refused_with_its_reason(text, message):
    with pytest.raises(RequestError, match=f"^{re.escape(message)}"):
        protocol.parse_request(text)


def test_request_with_since_handles_reload():
    since = {"stream": "x", "sequence": 7}

    assert protocol.parse_request('{"action": "subscribe"}') == Subscription(None, False)
    assert protocol.parse_request('{"action": "subscribe", "since": null}') == Subscription(None, True)
    assert protocol.parse_request(json.dumps({"action": "subscribe", "since": since, "more": 1})) == Subscription(
        Position("x", 7), True
    )


def test_stream_is_a_cursor_that_one_audience_can_use():
    stream = protocol.encrypt_cursor(CURSOR, Audience.STAFF)

    assert protocol.decrypt_cursor(stream, Audience.STAFF) == CURSOR
    with pytest.raises(CursorExpiredError):
        protocol.decrypt_cursor(stream, Audience.EVERYONE)


def test_stream_does_not_show_the_cursor():
    stream = protocol.encrypt_cursor(CURSOR, Audience.EVERYONE)

    assert stream != protocol.encrypt_cursor(CURSOR, Audience.EVERYONE)
    assert CURSOR.seen not in stream


@pytest.mark.parametrize("stream", ["", "x", "x\0y", "é", "\ud800", "9f3c.everyone", "=" * 16_000])
def test_text_that_is_no_stream_has_expired(stream):
    with pytest.raises(CursorExpiredError):
        protocol.decrypt_cursor(stream, Audience.EVERYONE)


def test_stream_of_another_secret_key_has_expired(settings):
    stream = protocol.encrypt_cursor(CURSOR, Audience.EVERYONE)
    settings.SECRET_KEY = "another one"

    with pytest.raises(CursorExpiredError):
        protocol.decrypt_cursor(stream, Audience.EVERYONE)


def test_stream_of_a_fallback_key_is_valid(settings):
    stream = protocol.encrypt_cursor(CURSOR, Audience.EVERYONE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one", [settings.SECRET_KEY]

    assert protocol.decrypt_cursor(stream, Audience.EVERYONE) == CURSOR


def test_messages_are_json_with_their_position():
    position = Position("x", 7)
    ends = {"stream": "x", "sequence": 7}

    change = protocol.add_position(protocol.compose_change(b'{"pk":1}', created=True), position)
    assert json.loads(change) == {"type": "created", "payload": {"pk": 1}, **ends}
    assert json.loads(protocol.compose_subscribed("c", '[{"pk":1}]', position)) == {
        "type": "subscribed",
        "channel_name": "c",
        "start_incidents": [{"pk": 1}],
        **ends,
    }
    assert json.loads(protocol.compose_resumed("c", position)) == {"type": "resumed", "channel_name": "c", **ends}
    assert json.loads(protocol.compose_reload("c", position)) == {"type": "reload", "channel_name": "c", **ends}
    assert json.loads(protocol.compose_error('"')) == {"error": '"'}


def test_staff_have_an_audience_of_their_own():
    assert Audience.of(SimpleNamespace(is_staff=True)) is Audience.STAFF
    assert Audience.of(SimpleNamespace(is_staff=False)) is Audience.EVERYONE
