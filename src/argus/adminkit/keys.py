"""Validate primary keys from URLs and forms before a database sees them."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field

from argus.util.rows import MAX_ID

UUID = re.compile("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Return whether the text is a UUID, with or without hyphens and surrounding spaces."""
    return UUID.fullmatch(text.strip()) is not None


def is_valid_key(field: Field, text: Any) -> bool:
    """Return whether the text is a possible value of the key ``field``: numbers in range, text without NUL."""
    try:
        value = field.to_python(text)
    except ValidationError:
        return False
    if isinstance(value, int):
        return 0 <= value <= MAX_ID
    return "\x00" not in str(value)


def target_field(db_field: Any) -> Field:
    """Return the key that a foreign key or a many-to-many field refers to."""
    remote = db_field.remote_field
    return remote.model._meta.get_field(getattr(remote, "field_name", None) or remote.model._meta.pk.name)
