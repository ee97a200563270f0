"""What a saved filter asks for: as a queryset of incidents, and of one incident in hand.

Both sides of the same question stand in one class, and a property test holds them to the same answers.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType

from django.db.models import Exists, Expression, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from argus.util.errors import DomainError
from argus.util.numbers import LARGEST_ID

from .models import Incident, IncidentTagRelation, Tag
from .tags import split_tag

# PostgreSQL turns each EXISTS into a join and weighs all orders of them, which takes it 20 seconds for 50 keys. So only
# the first few are written like that; the others are looked up for the incidents that these leave.
MOST_JOINS = 4
SOURCES, TAGS = "sourceSystemIds", "tags"

# Tags by key and value, with the starts of the first and the last incident that has them (``find_tags``); and bounds of
# ``start_time``: lookups with their values.
KnownTags = Mapping[tuple[str, str], Tag]
Started = Mapping[str, datetime]
ANY_TIME: Started = MappingProxyType({})


@dataclass(frozen=True)
class Criteria:
    """Any of these sources, and one of the values of each of these tag keys. What is empty does not restrict."""

    source_ids: frozenset[int] = frozenset()
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, *, source_ids: Iterable[int] = (), tags: Iterable[tuple[str, str]] = ()) -> "Criteria":
        """Group the tags' values by key."""
        values: dict[str, set[str]] = {}
        for key, value in tags:
            values.setdefault(key, set()).add(value)
        return cls(frozenset(source_ids), {key: frozenset(some) for key, some in values.items()})

    def match(self, *, source_id: int, tags: Mapping[str, set[str]]) -> bool:
        """Test an incident in hand; its tags come as the values of each key."""
        if self.source_ids and source_id not in self.source_ids:
            return False
        # Asked of every wish at every event: a plain loop takes half the time of a generator.
        for key, values in self.tags.items():  # noqa: SIM110
            if values.isdisjoint(tags.get(key, ())):
                return False
        return True

    def as_condition(self, known: KnownTags, started: Started = ANY_TIME) -> Q:
        """Ask the same of the database; ``known`` are those of the tags that any incident has.

        Whatever is known of when the incidents have ``started`` helps to find them: it is no condition of its own.
        """
        condition = Q(source_id__in=self.source_ids) if self.source_ids else Q()
        for found in self.tag_conditions(known, started, OuterRef("pk"), OuterRef("start_time")):
            condition &= Q(found)
        # Of one tag the index itself has the ends.
        for some in self.among(known):
            if len(some) > 1:
                condition &= Q(start_time__range=(min(tag.first for tag in some), max(tag.last for tag in some)))
        return condition

    def tag_conditions(
        self, known: KnownTags, started: Started, incident: Expression, start: Expression
    ) -> list[Expression]:
        """Ask of an incident, given by primary key and start, for one of the values of each key: a condition a key."""
        wanted = [[tag.pk for tag in some] for some in self.among(known)]
        if not all(wanted):
            return [Exists(IncidentTagRelation.objects.none())]
        # The newest tags are likely to be the rarest: the database does well to start from them.
        wanted.sort(key=min, reverse=True)
        of_incident = IncidentTagRelation.objects.filter(incident_id=incident)
        # An index has what one tag is on in order of the starts. Of several tags the planner would not see that it has.
        relations = [
            of_incident.filter(tag_id__in=ids, **({"start_time": start, **started} if len(ids) == 1 else {}))
            for ids in wanted
        ]
        joined, looked_up = relations[:MOST_JOINS], relations[MOST_JOINS:]
        return [*map(Exists, joined), *(IsNull(Subquery(some.values("pk")[:1]), False) for some in looked_up)]

    def among(self, known: KnownTags) -> list[list[Tag]]:
        """Return the tags of each key that are known."""
        return [[known[key, value] for value in values if (key, value) in known] for key, values in self.tags.items()]


def matching(
    queryset: QuerySet[Incident], criteria: Iterable[Criteria], started: Started = ANY_TIME
) -> QuerySet[Incident]:
    """Narrow the queryset to what any of the criteria matches. One query, which looks up all tags in them."""
    criteria = list(criteria)
    known = find_tags(criteria)
    conditions = [one.as_condition(known, started) for one in criteria]
    # An empty condition restricts nothing, but Django drops it from a union.
    if any(not condition for condition in conditions):
        return queryset
    return queryset.filter(reduce(or_, conditions)) if conditions else queryset.none()


def find_tags(criteria: Iterable[Criteria], **more: Expression) -> KnownTags:
    """Look up those tags in the criteria that any incident has, and what ``more`` is asked of each.

    One query, or none if they name no tags.
    """
    pairs = {(key, value) for one in criteria for key, values in one.tags.items() for value in values}
    starts = IncidentTagRelation.objects.filter(tag=OuterRef("pk")).values("start_time")
    first, last = (Subquery(starts.order_by(order)[:1]) for order in ("start_time", "-start_time"))
    tags = Tag.objects.filter(digest__in=[Tag.digest_of(*pair) for pair in pairs])
    found = tags.annotate(first=first, last=last, **more).filter(first__isnull=False)
    return {(tag.key, tag.value): tag for tag in found}


@lru_cache(maxsize=4096)
def read_criteria(text: str) -> Criteria:
    """Read a stored filter string, a JSON object. Raises ``DomainError`` on the field ``filter_string``."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise DomainError("This is not JSON.", field="filter_string") from None
    return parse_criteria(data, field="filter_string")


def parse_criteria(data, *, field: str | None = None) -> Criteria:
    """Check ``{"sourceSystemIds": [pk, ...], "tags": ["key=value", ...]}``, of which one key is enough.

    Refusals name ``field`` or, without it, the key at fault.
    """
    if not isinstance(data, dict):
        raise DomainError("A filter is a JSON object.", field=field)
    unknown = sorted(set(data) - {SOURCES, TAGS})
    if unknown:
        raise DomainError(f'A filter has no key "{unknown[0][:100]}".', field=field or unknown[0])
    if not data:
        raise DomainError(f'A filter needs at least one of the keys "{SOURCES}" and "{TAGS}".', field=field)
    source_ids = [_source_id(one, field or SOURCES) for one in _items(data, SOURCES, field)]
    tags = [_tag(text, field or TAGS) for text in _items(data, TAGS, field)]
    return Criteria.of(source_ids=source_ids, tags=tags)


def _items(data: dict, key: str, field: str | None) -> list:
    items = data.get(key, [])
    if not isinstance(items, list):
        raise DomainError(f'"{key}" is a list.', field=field or key)
    return items


def _source_id(value, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
        raise DomainError(f'"{SOURCES}" consists of the numbers of sources.', field=field)
    return value


def _tag(text, field: str) -> tuple[str, str]:
    if not isinstance(text, str) or "\0" in text:
        raise DomainError(f'"{TAGS}" consists of texts of the form key=value.', field=field)
    try:
        text.encode()
        return split_tag(text)
    except UnicodeEncodeError:
        raise DomainError(f'"{TAGS}" holds characters that do not exist.', field=field) from None
    except DomainError as error:
        raise DomainError(f"{text[:100]}: {error.message}", field=field) from None
