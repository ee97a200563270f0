"""Values on the wire that every API shares: times, infinity, http(s) addresses."""

import re
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from argus.util.infinity import INFINITY

WIRE_INFINITY = "infinity"
TIMESTAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<minute>[0-9]{2}:[0-9]{2})"
    r"(?:(?P<second>:[0-9]{2})(?P<fraction>\.[0-9]+)?)? ?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
END_OF_TIME = re.compile(r"9999-12-31[T ]23:59:59\.999999", re.IGNORECASE)


def format_time(value: datetime | None) -> str | None:
    """Spell an aware datetime: ISO 8601 in the server's zone, six digits of fraction or none; infinity as a word."""
    if value is None:
        return None
    if value == INFINITY:
        return WIRE_INFINITY
    try:
        local = value.astimezone(timezone.get_default_timezone())
    except OverflowError:
        return value.isoformat()
    # Before standard time offsets have seconds, which hardly any client can read.
    return local.isoformat() if local.utcoffset().seconds % 60 == 0 else value.astimezone(UTC).isoformat()


class TimeFormatter(dict):
    """Datetimes as ``format_time`` spells them, each spelled once: for one answer, in which most of them come again."""

    def __missing__(self, value: datetime | None) -> str | None:
        self[value] = spelled = format_time(value)
        return spelled


def parse_time(text: str) -> datetime:
    """Read ``YYYY-MM-DD[T or blank]hh:mm[:ss[.uuuuuu]][offset]``; without an offset it is in the server's zone.

    Returns an aware datetime in UTC. Raises ``ValueError`` for other text, a date that does not exist, and one that
    leaves the years 1 to 9999 in UTC or in the server's zone.
    """
    match = TIMESTAMP.fullmatch(text.strip())
    if not match:
        raise ValueError("not a timestamp")
    # Further digits than a microsecond are cut off: there is nowhere to keep them.
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
    """Read a timestamp, or ``INFINITY`` from ``infinity`` and from the largest datetime with any offset or none."""
    if text == WIRE_INFINITY:
        return INFINITY
    text = text.strip()
    if TIMESTAMP.fullmatch(text) and END_OF_TIME.match(text):
        return INFINITY
    return parse_time(text)


@extend_schema_field(OpenApiTypes.DATETIME)
class TimestampField(serializers.Field):
    """A point in time: an aware datetime in UTC inside, ISO 8601 in the server's zone outside."""

    default_error_messages = {"invalid": _("Not a timestamp. Use YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")}
    parse = staticmethod(parse_time)

    def to_internal_value(self, data):
        if isinstance(data, datetime):
            return data
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return self.parse(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value):
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
