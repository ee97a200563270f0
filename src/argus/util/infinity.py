"""Datetimes that may be infinite.

Python has no infinite datetime, so Argus uses the largest one in UTC. PostgreSQL stores its own ``infinity``, SQLite
the largest datetime. On the wire it is the word ``"infinity"`` (see ``argus.api.fields``).
"""

from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

INFINITY = datetime.max.replace(tzinfo=UTC)
# ``dumpdata`` cuts datetimes to milliseconds.
DUMPED_INFINITY = INFINITY.replace(microsecond=999_000)


class InfinityDateTimeField(models.DateTimeField):
    """An aware datetime that may be ``INFINITY``."""

    def to_python(self, value: Any) -> Any:
        """Convert a value, also one that ``dumpdata`` has written."""
        moment = super().to_python(value)
        return INFINITY if moment == DUMPED_INFINITY else moment

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return infinity as the database spells it."""
        if value == INFINITY and connection.vendor == "postgresql":
            return "infinity"
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: datetime | None, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return infinity in UTC, in whichever time zone the driver has put it."""
        if value is not None and value.replace(tzinfo=UTC) == INFINITY:
            return INFINITY
        return value
