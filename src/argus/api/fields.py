"""Texts and datetimes on the wire, infinity included."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from argus.util.infinity import INFINITY

WIRE_INFINITY = "infinity"
TIMESTAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<minute>[0-9]{2}:[0-9]{2})"
    r"(?:(?P<second>:[0-9]{2})(?P<fraction>\.[0-9]+)?)? ?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
END_OF_TIME = re.compile(r"9999-12-31[T ]23:59:59\.999999", re.IGNORECASE)

# Characters that PostgreSQL cannot store.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def check_characters(text: str) -> None:
    """Refuse NUL and lone surrogates, with the messages of Django and REST framework."""
    if match := UNSTORABLE.search(text):
        ProhibitNullCharactersValidator()(match[0])
        ProhibitSurrogateCharactersValidator()(match[0])


class TextField(serializers.CharField):
    """A text. REST framework checks each of its characters in Python, which takes 0.4 s for 8 MB; this takes 5 ms."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        replaced = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
        self.validators = [one for one in self.validators if not isinstance(one, replaced)]
        self.validators.append(check_characters)

    def run_validation(self, data: Any = serializers.empty) -> str:
        # The usual case, without five calls of REST framework.
        if type(data) is str and data.strip() and len(self.validators) == 1 and not UNSTORABLE.search(data):
            return self.to_internal_value(data)
        return super().run_validation(data)


@extend_schema_field({"anyOf": [{"type": "string", "format": "email"}, {"type": "string", "maxLength": 0}]})
class OptionalEmailField(serializers.EmailField):
    """An e-mail address, or empty text."""


def format_time(value: datetime | None) -> str | None:
    """Return ISO 8601 in the server's time zone, with six digits of fraction or none; infinity as a word."""
    if value is None:
        return None
    if value == INFINITY:
        return WIRE_INFINITY
    try:
        local = value.astimezone(timezone.get_default_timezone())
    except OverflowError:
        return value.isoformat()
    # Offsets before standard time have seconds, which most clients cannot parse.
    offset = local.utcoffset()
    return local.isoformat() if offset is not None and offset.seconds % 60 == 0 else value.astimezone(UTC).isoformat()


class TimeFormatter(dict):
    """A cache of ``format_time`` for one response, in which most datetimes occur several times."""

    def __missing__(self, value: datetime | None) -> str | None:
        self[value] = text = format_time(value)
        return text


def parse_time(text: str) -> datetime:
    """Parse ``YYYY-MM-DD[T or space]hh:mm[:ss[.uuuuuu]][offset]`` and return an aware datetime in UTC.

    Without an offset the time is in the server's time zone. Raises ``ValueError`` for other text, for a date that does
    not exist, and for one outside the years 1 to 9999 in UTC or in the server's time zone.
    """
    match = TIMESTAMP.fullmatch(text.strip())
    if not match:
        raise ValueError("not a timestamp")
    # Datetimes have microseconds; further digits are cut off.
    fraction = f"{match['fraction'] or '.'}000000"[:7]
    offset = (match["offset"] or "").upper().replace("Z", "+00:00")
    moment = datetime.fromisoformat(f"{match['date']}T{match['minute']}{match['second'] or ':00'}{fraction}{offset}")
    zone = timezone.get_default_timezone()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        moment.astimezone(zone)
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def parse_time_or_infinity(text: str) -> datetime:
    """Parse a timestamp. ``infinity`` and the largest datetime, with any offset, are ``INFINITY``."""
    if text == WIRE_INFINITY:
        return INFINITY
    text = text.strip()
    if TIMESTAMP.fullmatch(text) and END_OF_TIME.match(text):
        return INFINITY
    return parse_time(text)


@extend_schema_field(OpenApiTypes.DATETIME)
class TimestampField(serializers.Field):
    """A point in time: an aware datetime in UTC, ISO 8601 in the server's time zone on the wire."""

    default_error_messages = {"invalid": _("Not a timestamp. Use YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")}
    parse = staticmethod(parse_time)

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, datetime):
            return data
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return self.parse(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: datetime) -> str | None:
        return format_time(value)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "date-time", "pattern": "^[0-9]"},
            {"type": "string", "enum": [WIRE_INFINITY]},
        ]
    }
)
class InfinityTimestampField(TimestampField):
    """A point in time that may also be ``"infinity"``."""

    default_error_messages = {
        "invalid": _('Not a timestamp. Use YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z] or "infinity".')
    }
    parse = staticmethod(parse_time_or_infinity)
