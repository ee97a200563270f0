"""Insert and read many rows in batches, and limits of primary keys."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db.models import AutoField, Model, QuerySet
from django.db.models.constants import OnConflict

T = TypeVar("T")

# The largest primary key: a signed 64-bit integer.
MAX_ID = 2**63 - 1
# Rows or keys in one statement. SQLite takes 32 766 parameters, and no table of ours has more than 15 columns.
BATCH_SIZE = 2_000


def in_batches(items: Sequence[T], *, size: int = BATCH_SIZE) -> Iterator[Sequence[T]]:
    """Yield the items in lists that one statement can take."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def insert_missing(objects: Sequence[Model], *, unique: tuple[str, ...]) -> None:
    """Insert those objects of one model for whose values of ``unique`` there is no row yet.

    Only inserted objects get a primary key; ``bulk_create(ignore_conflicts=True)`` does not tell them from the others.
    ``unique`` names the attributes of a unique constraint; the objects must differ in them. Waits for transactions that
    are inserting the same values. One query for each ``BATCH_SIZE`` objects; call it inside a transaction.
    """
    for batch in in_batches(objects):
        meta = type(batch[0])._meta
        fields = [field for field in meta.concrete_fields if not isinstance(field, AutoField)]
        returning = [meta.pk, *(meta.get_field(name) for name in unique)]
        inserted = (
            type(batch[0])
            ._base_manager.all()
            ._insert(  # type: ignore[attr-defined]
                batch, fields, returning_fields=returning, on_conflict=OnConflict.IGNORE
            )
        )
        # Of a single object that exists Django returns None.
        keys = {tuple(values): key for key, *values in filter(None, inserted)}
        for one in batch:
            if key := keys.get(tuple(getattr(one, name) for name in unique)):
                one.pk = key
                one._state.adding, one._state.db = False, "default"


def key_batches(rows: QuerySet, *, size: int) -> Iterator[list]:
    """Yield the primary keys of the rows in ascending order, ``size`` at a time. Holds no transaction in between."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:size])
    while batch:
        yield batch
        batch = list(keys.filter(pk__gt=batch[-1])[:size])
