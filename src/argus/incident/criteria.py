"""Criteria of a saved filter: which sources and which tags an incident must have.

``queries.filter_by_criteria`` asks the database the same question; a property test compares the two.
"""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from argus.util.errors import DomainError
from argus.util.rows import MAX_ID

from .tags import split_tag

SOURCES, TAGS = "sourceSystemIds", "tags"
# Longer strings are parsed again each time: 4 096 of them would fill the memory.
MAX_CACHED_LENGTH = 10_000


@dataclass(frozen=True)
class Criteria:
    """One of these sources, and one of the values of each of these tag keys. An empty part matches everything."""

    source_ids: frozenset[int] = frozenset()
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, *, source_ids: Iterable[int] = (), tags: Iterable[tuple[str, str]] = ()) -> "Criteria":
        """Make criteria from (key, value) pairs: the values are grouped by key."""
        values: dict[str, set[str]] = {}
        for key, value in tags:
            values.setdefault(key, set()).add(value)
        return cls(frozenset(source_ids), {key: frozenset(some) for key, some in values.items()})

    def match(self, *, source_id: int, tags: Mapping[str, AbstractSet[str]]) -> bool:
        """Return whether an incident matches, given its source and the values of each of its tag keys."""
        if self.source_ids and source_id not in self.source_ids:
            return False
        # This runs for every profile at every event. A plain loop takes half the time of a generator.
        for key, values in self.tags.items():  # noqa: SIM110
            if values.isdisjoint(tags.get(key, ())):
                return False
        return True


def read_criteria(text: str) -> Criteria:
    """Parse a stored filter string, a JSON object. Raises ``DomainError`` on the field ``filter_string``."""
    return _read_cached(text) if len(text) <= MAX_CACHED_LENGTH else _read(text)


def _read(text: str) -> Criteria:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise DomainError("This is not JSON.", field="filter_string") from None
    return parse_criteria(data, field="filter_string")


_read_cached = lru_cache(maxsize=4096)(_read)


def parse_criteria(data: Any, *, field: str | None = None) -> Criteria:
    """Parse ``{"sourceSystemIds": [pk, ...], "tags": ["key=value", ...]}``; one of the keys is enough.

    Raises ``DomainError`` on ``field`` or, without it, on the invalid key.
    """
    if not isinstance(data, dict):
        raise DomainError("A filter is a JSON object.", field=field)
    unknown = sorted(set(data) - {SOURCES, TAGS})
    if unknown:
        raise DomainError(f'A filter has no key "{unknown[0][:100]}".', field=field or unknown[0])
    if not data:
        raise DomainError(f'A filter needs at least one of the keys "{SOURCES}" and "{TAGS}".', field=field)
    source_ids = [_parse_source_id(item, field or SOURCES) for item in _items(data, SOURCES, field)]
    tags = [_parse_tag(item, field or TAGS) for item in _items(data, TAGS, field)]
    return Criteria.of(source_ids=source_ids, tags=tags)


def _items(data: dict[str, Any], key: str, field: str | None) -> list[Any]:
    items = data.get(key, [])
    if not isinstance(items, list):
        raise DomainError(f'"{key}" must be a list.', field=field or key)
    return items


def _parse_source_id(item: Any, field: str) -> int:
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= MAX_ID:
        raise DomainError(f'"{SOURCES}" must contain primary keys of sources.', field=field)
    return item


def _parse_tag(item: Any, field: str) -> tuple[str, str]:
    if not isinstance(item, str) or "\0" in item:
        raise DomainError(f'"{TAGS}" must contain texts of the form key=value.', field=field)
    try:
        item.encode()
        return split_tag(item)
    except UnicodeEncodeError:
        raise DomainError(f'"{TAGS}" contains invalid characters.', field=field) from None
    except DomainError as error:
        raise DomainError(f"{item[:100]}: {error.message}", field=field) from None
