"""A datetime later than every other, and the database column that can hold it.

Python has no infinite datetime; the largest one in UTC stands for it everywhere inside Argus. PostgreSQL stores its
own ``infinity``, SQLite the largest datetime. On the wire it is the word ``"infinity"`` (see ``argus.api.fields``).
"""

from datetime import UTC, datetime

from django.db import models

INFINITY = datetime.max.replace(tzinfo=UTC)
# What ``dumpdata`` makes of it: its JSON knows milliseconds only.
DUMPED_INFINITY = INFINITY.replace(microsecond=999_000)


class InfinityDateTimeField(models.DateTimeField):
    """An aware datetime that may be ``INFINITY``."""

    def to_python(self, value):
        """Read what ``dumpdata`` wrote, infinity included."""
        moment = super().to_python(value)
        return INFINITY if moment == DUMPED_INFINITY else moment

    def get_db_prep_value(self, value, connection, prepared=False):
        """Spell infinity the way the database does."""
        if value == INFINITY and connection.vendor == "postgresql":
            return "infinity"
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value, expression, connection):
        """Give infinity back in UTC, whatever zone the driver put on it."""
        if value is not None and value.replace(tzinfo=UTC) == INFINITY:
            return INFINITY
        return value
