"""Queries of incidents that are written for PostgreSQL's query planner.

Each has its gain beside it: the time of the list endpoint with and without it, for a page of 100 of 300 000 incidents,
the first page unless another is named. It was measured on two busy cores: compare the pairs, not the times.
``tests/plans`` reads the plans of all filters and of all pairs of filters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial, reduce
from operator import or_
from types import MappingProxyType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, Exists, F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable, Expression, RawSQL
from django.db.models.functions import Concat, Greatest
from django.db.models.lookups import IsNull, LessThanOrEqual
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from argus.auth.models import User
from argus.util.infinity import INFINITY
from argus.util.prepared import IsOneOf, PreparedQuery
from argus.util.rows import MAX_ID

from .criteria import Criteria
from .models import Incident, IncidentTagRelation, SourceSystem, Tag

# Tags by key and value, with the start times of their first and last incident (see ``find_tags``).
KnownTags = Mapping[tuple[str, str], Any]
# Known bounds of the start times on a page: lookups (``start_time__gte``, ``start_time__lte``) with their values.
StartBounds = Mapping[str, datetime]
NO_BOUNDS: StartBounds = MappingProxyType({})
# Returns the conditions for the incident whose primary key and start time are given as expressions.
Condition = Exists | IsNull
Conditions = Callable[[Combinable, Combinable], list[Condition]]

# PostgreSQL turns each EXISTS into a join and weighs all orders of the joins: planning took 20 s for 50 tag keys.
# Further keys are looked up for the incidents that the first joins leave.
MAX_JOINS = 4
# More candidates than this are not collected and sorted: 25 000 take about 15 ms.
MAX_CANDIDATES = 25_000


# One incident


def visible_incident(user: User) -> PreparedQuery[Incident]:
    """Return the query for an incident. ``visible_to`` reads nothing else of a user than ``is_staff``."""
    return PreparedQuery(lambda: Incident.objects.visible_to(user).select_related("source").filter(pk=0))


VISIBLE_INCIDENT = {is_staff: visible_incident(User(is_staff=is_staff)) for is_staff in (False, True)}


def find_visible_incident(pk: int, user: User) -> Incident:
    """Return the incident with its source. Raises ``Incident.DoesNotExist`` if the user may not see it. One query.

    Of the 4.2 ms of processor time of one incident, 0.5 ms less than composing the query each time.
    """
    if pk > MAX_ID:
        raise Incident.DoesNotExist
    return VISIBLE_INCIDENT[user.is_staff].get(pk)


# Tags of incidents that are shown

TAG_TEXT = Concat("tag__key", Value("=", TextField()), "tag__value")
TAG_COLUMNS = ("incident_id", "added_by_id", "added_time", TAG_TEXT)
SHOWN_TAGS = PreparedQuery(
    lambda: IncidentTagRelation.objects.filter(incident_id__is_one_of=[]).order_by("pk").values_list(*TAG_COLUMNS)
)


def read_tags(pks: list[int]) -> Iterable[tuple[int, int, datetime, str]]:
    """Return (incident, added by, added time, text) of the tags of these incidents, oldest tag first. One query.

    A page of 100 takes 8.8 ms of processor time with ``__in``, 7.2 ms like this.
    """
    return SHOWN_TAGS.all(IsOneOf.parameter(pks)) if pks else ()


# Filtering by criteria


def filter_by_criteria(
    incidents: QuerySet[Incident],
    criteria: Iterable[Criteria],
    bounds: StartBounds = NO_BOUNDS,
    *,
    max_joins: int = MAX_JOINS,
) -> QuerySet[Incident]:
    """Return the incidents that match any of the criteria. One query, which looks up all their tags."""
    criteria = list(criteria)
    known = find_tags(criteria)
    conditions = [criteria_condition(one, known, bounds, max_joins=max_joins) for one in criteria]
    # An empty condition restricts nothing, but Django would drop it from the union.
    if any(not condition for condition in conditions):
        return incidents
    return incidents.filter(reduce(or_, conditions)) if conditions else incidents.none()


def find_tags(criteria: Iterable[Criteria], **annotations: Expression) -> KnownTags:
    """Look up the tags in the criteria that any incident has, with ``annotations``. One query, or none without tags."""
    pairs = {(key, value) for one in criteria for key, values in one.tags.items() for value in values}
    starts = IncidentTagRelation.objects.filter(tag=OuterRef("pk")).values("start_time")
    first, last = (Subquery(starts.order_by(order)[:1]) for order in ("start_time", "-start_time"))
    tags = Tag.objects.filter(digest__in=[Tag.digest_of(*pair) for pair in pairs])
    found = tags.annotate(first=first, last=last, **annotations).filter(first__isnull=False)
    return {(tag.key, tag.value): tag for tag in found}


def criteria_condition(
    criteria: Criteria, known: KnownTags, bounds: StartBounds = NO_BOUNDS, *, max_joins: int = MAX_JOINS
) -> Q:
    """Return the condition that an incident matches the criteria; ``known`` from ``find_tags``.

    ``bounds`` do not restrict the incidents. They are repeated for the tags, which are indexed by start time too.
    """
    condition = Q(source_id__in=criteria.source_ids) if criteria.source_ids else Q()
    of_tags = tag_conditions(criteria, known, bounds, OuterRef("pk"), OuterRef("start_time"), max_joins=max_joins)
    for exists in of_tags:
        condition &= Q(exists)
    # Several values of a key are not in one order in the index: say between which start times any incident has one.
    # Two values of a key, in the middle of the list: 25 ms with, 29 ms without. Without it, values that are no longer
    # in use make the database read the whole table.
    for tags in known_tags(criteria, known):
        if len(tags) > 1:
            condition &= Q(start_time__range=(min(tag.first for tag in tags), max(tag.last for tag in tags)))
    return condition


def tag_conditions(
    criteria: Criteria,
    known: KnownTags,
    bounds: StartBounds,
    incident: Combinable,
    start: Combinable,
    *,
    max_joins: int = MAX_JOINS,
) -> list[Condition]:
    """Return a condition for each key: the incident, given by primary key and start time, has one of the values."""
    wanted = [[tag.pk for tag in tags] for tags in known_tags(criteria, known)]
    if not all(wanted):
        return [Exists(IncidentTagRelation.objects.none())]
    # The newest tags are likely to be the rarest. Five keys: 48 ms with this order, 81 ms without.
    wanted.sort(key=min, reverse=True)
    of_incident = IncidentTagRelation.objects.filter(incident_id=incident)
    # For a single value, the index (tag, start_time, incident) yields incidents in the order of the list:
    #   Nested Loop -> Index Only Scan using incidenttagrelation_tag_start_time_incident_uniq
    #                  (Index Cond: tag_id = … AND start_time <= …)
    #               -> Index Scan using incident_start_time_id_uniq (Index Cond: start_time = … AND id = …)
    # One popular tag: 26 ms with the start time, 34 ms without. Two keys in the middle of the list: 36 ms with bounds,
    # 74 ms without.
    relations = [
        of_incident.filter(tag_id__in=pks, **({"start_time": start, **bounds} if len(pks) == 1 else {}))
        for pks in wanted
    ]
    joined = [Exists(one) for one in relations[:max_joins]]
    return [*joined, *(IsNull(Subquery(one.values("pk")[:1]), False) for one in relations[max_joins:])]


def known_tags(criteria: Criteria, known: KnownTags) -> list[list[Any]]:
    """Return the tags of each key of the criteria that any incident has."""
    return [[known[key, value] for value in values if (key, value) in known] for key, values in criteria.tags.items()]


# Filtering the lists


def filter_by_tags(
    incidents: QuerySet[Incident],
    tags: Criteria,
    *,
    is_open: bool | None,
    ends_after: datetime | None,
    bounds: StartBounds,
    max_candidates: int = MAX_CANDIDATES,
) -> "QuerySet[Incident] | SortedCandidates":
    """Return the incidents of a list with these tags. ``incidents`` are filtered by everything else already.

    ``is_open`` and ``ends_after`` are the filters in ``incidents`` that the planner misjudges. One query, if there are
    tags; it also counts the open incidents.
    """
    if not (tags.tags or ends_after):
        return incidents
    if not is_overestimated(tags, is_open=is_open, ends_after=ends_after, bounds=bounds):
        return filter_by_criteria(incidents, [tags], bounds)
    few = Value(True) if is_open is False else ~Exists(Incident.objects.open().order_by()[max_candidates:])
    known = find_tags([tags], few=few)
    if all(tag.few for tag in known.values()):
        return SortedCandidates(incidents, partial(tag_conditions, tags, known, bounds))
    return incidents.filter(criteria_condition(tags, known, bounds))


def is_overestimated(tags: Criteria, *, is_open: bool | None, ends_after: datetime | None, bounds: StartBounds) -> bool:
    """Return whether the planner expects many more incidents than there are.

    It takes columns to be independent. But most open incidents are new, which matters when several tags are joined.
    And few incidents start before a time and end after it, because few last long.
    """
    is_long = ends_after is not None and bounds.get("start_time__lte", INFINITY) < ends_after
    if is_open is False:
        return is_long
    return (is_open is True or is_long) and sum(map(len, tags.tags.values())) > 1


class FirstMatches(Subquery):
    """The primary keys of the first ``size`` candidates for which the conditions hold.

    The planner does not move conditions across a LIMIT. Within the inner one it finds all candidates in the cheapest
    way; outside, the candidates are sorted, and conditions are tested one by one until there are enough:

        Limit -> Nested Loop Semi Join -> Limit -> Sort (Sort Key: start_time DESC, id DESC)
                                            -> Limit -> Index Only Scan using incident_end_time_idx
              -> Index Only Scan using incidenttagrelation_tag_start_time_incident_uniq

    Without it, PostgreSQL walks the index of the list's order until it happens to find enough. Closed incidents that
    started before and ended after a time: 13 ms with, 57 ms without. Two tags of open incidents, in the middle of the
    list: 38 ms with, 67 ms without.
    """

    template = (
        "(SELECT candidate.pk FROM (SELECT * FROM (%(subquery)s) AS gathered"
        " ORDER BY start %(direction)s, pk %(direction)s LIMIT %(all)s) AS candidate WHERE %(conditions)s"
        " ORDER BY candidate.start %(direction)s, candidate.pk %(direction)s LIMIT %(size)s)"
    )

    def __init__(self, candidates: QuerySet[Any, Any], conditions: Conditions, *, direction: str, size: int) -> None:
        super().__init__(candidates, BigAutoField(), direction=direction, size=size, all=MAX_ID)
        self.conditions = conditions(RawSQL("candidate.pk", []), RawSQL("candidate.start", []))

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, template: str | None = None, **extra: Any
    ) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(condition) for condition in self.conditions]
        text = " AND ".join(sql for sql, _ in compiled) or "TRUE"
        sql, params = super().as_sql(compiler, connection, template, conditions=text, **extra)
        return sql, (*params, *(param for _, params in compiled for param in params))


class SortedCandidates:
    """Few incidents, which are collected and sorted before conditions are tested. A queryset as far as pages need."""

    def __init__(
        self, incidents: QuerySet[Incident], conditions: Conditions, columns: tuple[str, ...] = ("pk",)
    ) -> None:
        self.incidents = incidents
        self.conditions = conditions
        self.columns = columns

    def filter(self, *conditions: Any, **named: Any) -> "SortedCandidates":
        return SortedCandidates(self.incidents.filter(*conditions, **named), self.conditions, self.columns)

    def order_by(self, *order: str) -> "SortedCandidates":
        return SortedCandidates(self.incidents.order_by(*order), self.conditions, self.columns)

    def values_list(self, *columns: str, named: bool) -> "SortedCandidates":
        return SortedCandidates(self.incidents, self.conditions, columns)

    def __getitem__(self, page: slice) -> QuerySet[Incident, Any]:
        candidates = self.incidents.order_by().values(pk=F("pk"), start=F("start_time"))[:MAX_ID]
        direction = "DESC" if str(self.incidents.query.order_by[0]).startswith("-") else "ASC"
        keys = FirstMatches(candidates, self.conditions, direction=direction, size=page.stop)
        return self.incidents.filter(pk__in=keys).values_list(*self.columns, named=True)


def filter_by_end(incidents: QuerySet[Incident], ends_before: datetime) -> QuerySet[Incident]:
    """Return the incidents that end before a time.

    They start before it, too. PostgreSQL does not know that and would begin at the newest incident: 27 ms with the
    condition on the start, 187 ms without. But it multiplies the two conditions, expects a tenth of the incidents, and
    beside a tag sorts all of them. GREATEST, which is the end, has no statistics: 18 ms beside a tag, 67 ms without it.
    """
    if ends_before > timezone.now():
        # Few open incidents have an end. The index of open incidents finds them.
        return incidents.filter(end_time__lte=ends_before)
    ended = LessThanOrEqual(Greatest("end_time", "start_time"), ends_before)
    return incidents.filter(ended, start_time__lte=ends_before, end_time__isnull=False)


def filter_by_sources(
    incidents: QuerySet[Incident], *, names: Sequence[str] = (), types: Sequence[str] = (), look_up: bool = True
) -> QuerySet[Incident]:
    """Return the incidents of sources with one of these names and of one of these types; empty does not restrict.

    The sources are looked up first, by one query: the planner knows from its statistics how many incidents each source
    has, but not which sources have a name. Quiet sources in the middle of the list: 19 ms with the query, 29 ms
    without; on the first page of busy sources the query costs 2 ms. Without ``look_up`` it is a join.
    """
    wanted = {f"{column}__in": values for column, values in (("name", names), ("type", types)) if values}
    if not wanted:
        return incidents
    if not look_up:
        return incidents.filter(**{f"source__{lookup}": values for lookup, values in wanted.items()})
    return incidents.filter(source_id__in=list(SourceSystem.objects.filter(**wanted).values_list("pk", flat=True)))
