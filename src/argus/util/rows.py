"""Writing rows where every microsecond counts, and going through many without holding anybody up."""

from collections.abc import Iterator
from functools import cache

from django.db import connections, models
from django.db.models import Model, QuerySet

# How many rows one statement takes: SQLite knows 32 766 placeholders, and no table of ours has more than 15 columns.
CHUNK = 2_000


def in_chunks(things: list) -> Iterator[list]:
    """Yield the things in lists that one statement can take."""
    for start in range(0, len(things), CHUNK):
        yield things[start : start + CHUNK]


def insert_all(objects: list[Model], *, using: str = "default") -> None:
    """Insert new objects of one model with one statement for each 2 000, and give them their primary keys.

    The same as ``bulk_create`` without its options, in a third of the time: the statement is composed once and kept.
    No signals are sent. Raises ``IntegrityError``; call it inside of a transaction.
    """
    if not objects:
        return
    for one, (key,) in zip(objects, _insert(objects, using), strict=True):
        _note_stored(one, key, using)


def insert_unless_there(objects: list[Model], *, unique: tuple[str, ...], using: str = "default") -> None:
    """Insert those new objects for whose values of ``unique`` there is no row yet; only they get a primary key.

    ``unique``: the attributes of a unique constraint, in which the objects must differ from each other. Waits for
    other transactions that are about to insert the same. Otherwise like ``insert_all``.
    """
    if not objects:
        return
    quote = connections[using].ops.quote_name
    columns = ", ".join(quote(type(objects[0])._meta.get_field(name).column) for name in unique)
    rows = _insert(objects, using, conflict=f" ON CONFLICT ({columns}) DO NOTHING", returning=f", {columns}")
    keys = {tuple(values): key for key, *values in rows}
    for one in objects:
        if key := keys.get(tuple(getattr(one, name) for name in unique)):
            _note_stored(one, key, using)


def _insert(objects: list[Model], using: str, *, conflict: str = "", returning: str = "") -> list[tuple]:
    connection = connections[using]
    fields, head, row, tail = statement(type(objects[0]), using)
    rows: list[tuple] = []
    with connection.cursor() as cursor:
        for chunk in in_chunks(objects):
            values = [
                field.get_db_prep_save(getattr(one, field.attname), connection) for one in chunk for field in fields
            ]
            cursor.execute(head + ", ".join([row] * len(chunk)) + conflict + tail + returning, values)
            rows += cursor.fetchall()
    return rows


def _note_stored(one: Model, key: int, using: str) -> None:
    one.pk = key
    one._state.adding, one._state.db = False, using


@cache
def statement(model: type[Model], using: str) -> tuple[list[models.Field], str, str, str]:
    """Return the fields that an insert fills, and the statement's parts: up to VALUES, one row, what comes back."""
    quote = connections[using].ops.quote_name
    fields = [field for field in model._meta.concrete_fields if not _is_filled_by_database(field)]
    columns = ", ".join(quote(field.column) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES "
    return fields, head, f"({', '.join(['%s'] * len(fields))})", f" RETURNING {quote(model._meta.pk.column)}"


def _is_filled_by_database(field: models.Field) -> bool:
    return isinstance(field, models.AutoField) or (field.has_db_default() and not field.has_default())


def portions(rows: QuerySet, *, size: int) -> Iterator[list]:
    """Yield the primary keys of the rows, in ascending order, so many at a time. No transaction is held in between."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    portion = list(keys[:size])
    while portion:
        yield portion
        portion = list(keys.filter(pk__gt=portion[-1])[:size])
