"""Queries whose SQL is composed once.

Django needs about 0.5 ms of processor time to compose the SELECT of a row with joined tables, more than for reading
the row. Queries that most requests make keep their SQL.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


class PreparedQuery(Generic[Row]):
    """A query of the default database.

    ``compose`` returns the queryset. The values in it are replaced by the parameters, in the order of the SQL. It is
    called once, when the query is first used.
    """

    def __init__(self, compose: Callable[[], QuerySet[Row]]):
        self.compose = compose

    @cached_property
    def composed(self) -> tuple[QuerySet[Row], Any, str, int]:
        """Return the queryset, its compiler, the SQL and the number of its parameters."""
        queryset = self.compose()
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        return queryset, compiler, sql, len(parameters)

    def get(self, *parameters: Any) -> Row:
        """Return the first row for these parameters, values as the database takes them. Raises ``DoesNotExist``."""
        for row in self.all(*parameters):
            return row
        model: Any = self.composed[0].model
        raise model.DoesNotExist

    def all(self, *parameters: Any) -> QuerySet[Row]:
        """Return the rows for these parameters, values as the database takes them."""
        template, compiler, sql, number = self.composed
        if len(parameters) != number:
            raise TypeError(f"This query takes {number} parameters, not {len(parameters)}.")
        prepared = copy(compiler)
        prepared.connection = connections[DEFAULT_DB_ALIAS]
        prepared.as_sql = lambda *args, **kwargs: (sql, parameters)
        queryset = template.all()
        query: Any = queryset.query
        query.get_compiler = lambda *args, **kwargs: prepared
        return queryset
