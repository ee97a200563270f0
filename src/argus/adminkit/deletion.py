"""Count the rows that a deletion takes along, and the rows that prevent it.

Django's own page loads and lists every dependent row, which may be a million. Here the database counts them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CASCADE, PROTECT, RESTRICT, Model, QuerySet
from django.utils.text import capfirst

# The admin does not delete more rows than this at once.
MAX_ROWS = 10_000
# Each selected object is a field of the confirmation form, and Django takes forms of 1 000 fields.
MAX_OBJECTS = 500
# The longest chain of relations; it ends the recursion if relations form a circle.
MAX_DEPTH = 8


@dataclass
class DependentCounts:
    """Numbers of rows for each model: those that are deleted too, and those that prevent the deletion."""

    deleted: Counter[type[Model]] = field(default_factory=Counter)
    protecting: Counter[type[Model]] = field(default_factory=Counter)

    @property
    def exceeds_limit(self) -> bool:
        return sum(self.deleted.values()) > MAX_ROWS


def find_dependents(model: type[Model], path: tuple[str, ...] = ()) -> Iterator[tuple[type[Model], str, Any]]:
    """Yield each relation to the model, at any depth: related model, lookup of the relation, ``on_delete``."""
    relations: list[Any] = model._meta.get_fields(include_hidden=True)
    for relation in relations:
        if not relation.auto_created or relation.concrete or not (relation.one_to_one or relation.one_to_many):
            continue
        here = (relation.field.name, *path)
        yield relation.related_model, "__".join(here), relation.on_delete
        if relation.on_delete is CASCADE and len(here) < MAX_DEPTH:
            yield from find_dependents(relation.related_model, here)


def count_dependents(model: type[Model], keys: list) -> DependentCounts:
    """Count the rows that depend on the rows with these keys. One query, of limited length, for each relation."""
    counts, relations = DependentCounts(), [r for r in find_dependents(model) if not r[0]._meta.auto_created]
    for related, lookup, on_delete in relations:
        if on_delete is CASCADE:
            counts.deleted[related] += _rows(related, lookup, keys)[: MAX_ROWS + 1].count()
    if counts.exceeds_limit:
        return counts
    for related, lookup, on_delete in relations:
        if on_delete not in {PROTECT, RESTRICT}:
            continue
        rows = _rows(related, lookup, keys)
        if on_delete is RESTRICT:
            # RESTRICT allows the deletion of rows that are deleted by another relation anyway.
            for other in (other for model_, other, how in relations if model_ is related and how is CASCADE):
                rows = rows.exclude(**{f"{other}__in": keys})
        counts.protecting[related] += rows[: MAX_OBJECTS + 1].count()
    return counts


def format_counts(counts: DependentCounts) -> tuple[dict[str, str], list[str]]:
    """Return the numbers of rows that are deleted too, by kind, and lines about what prevents the deletion."""
    deleted = {
        str(name_of(model)): format_number(number, MAX_ROWS) for model, number in counts.deleted.items() if number
    }
    protecting = [
        f"{capfirst(name_of(model))}: {format_number(number, MAX_OBJECTS)}"
        for model, number in counts.protecting.items()
        if number
    ]
    if counts.exceeds_limit:
        protecting.append(f"More than {MAX_ROWS} rows would be deleted too, which is more than the admin deletes.")
    return deleted, protecting


def name_of(model: type[Model]) -> str:
    """Return the plural name of the model."""
    return model._meta.verbose_name_plural  # type: ignore[return-value]


def format_number(number: int, maximum: int) -> str:
    """Return the number as text; rows beyond ``maximum`` were not counted."""
    return str(number) if number <= maximum else f"more than {maximum}"


def _rows(model: type[Model], lookup: str, keys: list) -> QuerySet:
    return model._base_manager.filter(**{f"{lookup}__in": keys})
