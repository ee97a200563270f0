"""What can name a row: looked at here when it comes from an address or a form, before a database sees it."""

from django.core.exceptions import ValidationError

from argus.util.rows import MAX_ID


def is_key(field, text) -> bool:
    """Tell whether the text could be a value of the key ``field``: numbers must fit, text must have no NUL in it."""
    try:
        value = field.to_python(text)
    except ValidationError:
        return False
    if isinstance(value, int):
        return 0 <= value <= MAX_ID
    return "\x00" not in str(value)


def target_field(db_field):
    """Return the key that a foreign key, or a relation of many to many, points to."""
    remote = db_field.remote_field
    return remote.model._meta.get_field(getattr(remote, "field_name", None) or remote.model._meta.pk.name)
