"""Log lines for people and machines: request ids, masked secrets."""

import json
import logging
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.utils.log import configure_logging
from hypothesis import given
from hypothesis import strategies as st

from argus.util.logs import (
    JsonLineFormatter,
    LineFormatter,
    RequestFilter,
    current_request_id,
    mask_secrets,
    new_request_id,
    request_context,
)

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def written(formatter, message: str, *arguments, name: str = "argus.x", level=logging.INFO, **values) -> str:
    record = logging.getLogger(name).makeRecord(name, level, "f", 1, message, arguments, None, extra=values)
    RequestFilter().filter(record)
    return formatter.format(record)


@pytest.fixture
def line():
    return LineFormatter("{levelname} {name}: {message}", style="{")


def test_line_ends_with_the_request_id(line):
    with request_context("request-1"):
        assert written(line, "Hello %s", "you") == "INFO argus.x: Hello you [request-1]"
    assert written(line, "Hello") == "INFO argus.x: Hello"
    assert current_request_id() == ""


def test_time_of_a_line_has_the_offset_of_the_server(monkeypatch):
    record = logging.makeLogRecord({"created": 1_767_225_600.25, "msg": "Hello"})
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        text = LineFormatter("{asctime} {message}", style="{").format(record)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert text == "2026-01-01 05:30:00.250+05:30 Hello"


def test_client_input_cannot_start_a_log_line(line):
    assert written(line, "a\n2026 INFO argus.audit: x").split("\n")[1].startswith("    ")


@pytest.mark.parametrize(
    "character", [*"\r\x0b\x0c\x1b\x7f\x85\0\ud800", *"\u2028\u2029\u202e\u2066\u200f\u061c\u200b\ufeff"]
)
def test_client_input_cannot_change_what_a_terminal_shows(line, character):
    text = written(line, "%s", f"a{character}b\t\u00e6")
    assert character not in text
    assert text == f"INFO argus.x: a{character.encode('unicode_escape').decode()}b\t\u00e6"


def test_json_has_all_attributes_of_the_record():
    with request_context("request-1"):
        text = written(JsonLineFormatter(), "Hello\n%s", "you", status=201, request=object())
    entry = json.loads(text)
    assert datetime.strptime(entry.pop("time"), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)

    assert entry == {
        "level": "INFO",
        "logger": "argus.x",
        "message": "Hello\nyou",
        "request_id": "request-1",
        "status": 201,
    }
    assert "\n" not in text


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        f"Token {TOKEN}",
        "+4791234567",
        "password=correct-horse",
        "https://kari:correct-horse@example.org",
        "?token=abc&x=1",
        "sessionid=abc; path",
        "csrftoken=abc",
    ],
)
def test_secrets_are_masked(line, secret):
    text = written(line, "It is %s.", secret) + written(JsonLineFormatter(), f"It is {secret}.")

    assert [part for part in (TOKEN, "91234567", "correct-horse", "=abc") if part in text] == []
    assert "***" in text


@pytest.mark.parametrize(
    "text", ["2026-03-02T08:15:00+0200", "incident 17", "e3b0c44298fc1c149afbf4c8996fb924", "http://127.0.0.1:8000/"]
)
def test_other_text_is_not_masked(text):
    assert mask_secrets(text) == text


@pytest.mark.parametrize("sane", ["abcdefgh", "0af7651916cd43dd8448eb211c80319c", "web-1.example_2"])
def test_valid_request_ids_are_used(sane):
    assert new_request_id(sane) == sane


@given(st.text() | st.just(TOKEN))
def test_invalid_request_ids_are_replaced_by_random_ones(text):
    made = [new_request_id(text + "\n"), new_request_id(text + "\n")]

    assert made[0] != made[1]
    assert all(one.isalnum() and len(one) == 32 for one in made)


def test_token_is_not_used_as_request_id():
    assert new_request_id(TOKEN) != TOKEN


def test_invalid_requests_are_logged_without_traceback(line):
    try:
        raise ValueError("no")
    except ValueError as error:
        record = logging.getLogger("x").makeRecord(
            "django.security.DisallowedHost", logging.ERROR, "f", 1, "Invalid", (), (type(error), error, None)
        )
    RequestFilter().filter(record)

    assert line.format(record) == "WARNING django.security.DisallowedHost: Invalid"


@pytest.mark.parametrize("formatter", ["line", "json"])
def test_formatters_of_the_settings_can_be_configured(formatter):
    configuration = {**settings.LOGGING, "root": {"level": "INFO"}, "loggers": {}}
    configuration["handlers"] = {"console": {**settings.LOGGING["handlers"]["console"], "formatter": formatter}}

    configure_logging("logging.config.dictConfig", configuration)
