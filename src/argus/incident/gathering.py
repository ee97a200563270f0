"""Pages of what is known to be few, though PostgreSQL's planner does not know it: all of it is gathered, then sorted.

Left to itself the planner walks an index in the order of the page until chance has filled it.
"""

from collections.abc import Callable

from django.db.models import BigAutoField, Exists, Expression, F, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from argus.util.numbers import LARGEST_ID

# Makes conditions that hold of the incident whose primary key and start it is given.
Conditions = Callable[[Expression, Expression], list[Expression]]

# Up to so many are gathered. It takes some 15 ms, and with many more the planner would have done better.
MOST = 25_000


def are_few(incidents: QuerySet) -> Expression:
    """Ask whether the incidents are few enough to be gathered."""
    return ~Exists(incidents.order_by()[MOST:])


class FirstOf(Subquery):
    """The primary keys of the first so many candidates of which the conditions hold.

    To the planner a limit is a wall. Behind the first one the candidates are found by the cheapest way to all of them,
    behind the second they are sorted; so conditions are asked of one after the other, until there are enough.
    """

    template = (
        "(SELECT candidate.pk FROM (SELECT * FROM (%(subquery)s) AS gathered"
        " ORDER BY start %(direction)s, pk %(direction)s LIMIT %(all)s) AS candidate WHERE %(conditions)s"
        " ORDER BY candidate.start %(direction)s, candidate.pk %(direction)s LIMIT %(size)s)"
    )

    def __init__(self, candidates: QuerySet, conditions: Conditions, *, direction: str, size: int):
        super().__init__(candidates, BigAutoField(), direction=direction, size=size, all=LARGEST_ID)
        self.conditions = conditions(RawSQL("candidate.pk", []), RawSQL("candidate.start", []))

    def as_sql(self, compiler, connection, **extra):
        compiled = [compiler.compile(condition) for condition in self.conditions]
        text = " AND ".join(sql for sql, _ in compiled) or "TRUE"
        sql, params = super().as_sql(compiler, connection, conditions=text, **extra)
        return sql, (*params, *(one for _, some in compiled for one in some))


class Gathered:
    """Incidents of which certain conditions hold; like a queryset, as far as reading a page needs one."""

    def __init__(self, incidents: QuerySet, conditions: Conditions, columns: tuple[str, ...] = ("pk",)):
        self.incidents = incidents
        self.conditions = conditions
        self.columns = columns

    def filter(self, *conditions, **named) -> "Gathered":
        return Gathered(self.incidents.filter(*conditions, **named), self.conditions, self.columns)

    def order_by(self, *order: str) -> "Gathered":
        return Gathered(self.incidents.order_by(*order), self.conditions, self.columns)

    def values_list(self, *columns: str, named: bool) -> "Gathered":
        return Gathered(self.incidents, self.conditions, columns)

    def __getitem__(self, page: slice) -> QuerySet:
        candidates = self.incidents.order_by().values(pk=F("pk"), start=F("start_time"))[:LARGEST_ID]
        direction = "DESC" if self.incidents.query.order_by[0].startswith("-") else "ASC"
        keys = FirstOf(candidates, self.conditions, direction=direction, size=page.stop)
        return self.incidents.filter(pk__in=keys).values_list(*self.columns, named=True)
