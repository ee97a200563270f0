"""What a deletion would take along, and what forbids it: counted in the database, never loaded.

Django's own page loads and lists every row that hangs on the one to be deleted, which may be a million.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import CASCADE, PROTECT, RESTRICT, Model
from django.utils.text import capfirst

# More rows than this are not deleted by a click.
MOST_ROWS = 10_000
# Each one selected is a field of the form that confirms, and Django takes forms of a thousand fields.
MOST_OBJECTS = 500
# The furthest that rows hang on each other; it ends the walk should they ever do so in a circle.
DEEPEST = 8


@dataclass
class Toll:
    """How many rows of which model go along, and how many stand in the way."""

    taken: Counter = field(default_factory=Counter)
    held: Counter = field(default_factory=Counter)

    @property
    def is_too_high(self) -> bool:
        return sum(self.taken.values()) > MOST_ROWS


def dependents(model: type[Model], path: tuple[str, ...] = ()) -> Iterator[tuple[type[Model], str, object]]:
    """Yield each relation that hangs on the model, at any depth: its model, the lookup back, and ``on_delete``."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or not (relation.one_to_one or relation.one_to_many):
            continue
        here = (relation.field.name, *path)
        yield relation.related_model, "__".join(here), relation.on_delete
        if relation.on_delete is CASCADE and len(here) < DEEPEST:
            yield from dependents(relation.related_model, here)


def toll_of(model: type[Model], keys: list) -> Toll:
    """Count what the deletion of these rows would take along. One query, of limited length, for each relation."""
    toll, relations = Toll(), [r for r in dependents(model) if not r[0]._meta.auto_created]
    for related, lookup, on_delete in relations:
        if on_delete is CASCADE:
            toll.taken[related] += _rows(related, lookup, keys)[: MOST_ROWS + 1].count()
    if toll.is_too_high:
        return toll
    for related, lookup, on_delete in relations:
        if on_delete not in {PROTECT, RESTRICT}:
            continue
        rows = _rows(related, lookup, keys)
        if on_delete is RESTRICT:
            # What goes along anyhow does not hold anything up.
            for other in (other for model_, other, how in relations if model_ is related and how is CASCADE):
                rows = rows.exclude(**{f"{other}__in": keys})
        toll.held[related] += rows[: MOST_OBJECTS + 1].count()
    return toll


def describe(toll: Toll) -> tuple[dict[str, str], list[str]]:
    """Put the toll in words: how many rows of each kind go along, and what stands in the way."""
    taken = {str(name_of(model)): at_most(number, MOST_ROWS) for model, number in toll.taken.items() if number}
    held = [
        f"{capfirst(name_of(model))}: {at_most(number, MOST_OBJECTS)}" for model, number in toll.held.items() if number
    ]
    if toll.is_too_high:
        held.append(f"More than {MOST_ROWS} rows would go along: too many to delete from a page.")
    return taken, held


def name_of(model: type[Model]):
    return model._meta.verbose_name_plural


def at_most(number: int, most: int) -> str:
    """Spell a number that was not counted any further than ``most``."""
    return str(number) if number <= most else f"more than {most}"


def _rows(model: type[Model], lookup: str, keys: list):
    return model._base_manager.filter(**{f"{lookup}__in": keys})
