"""Queries whose SQL is composed once.

Django needs about 0.5 ms of processor time to compose the SELECT of a row with joined tables, more than for reading
the row. Queries that most requests make keep their SQL.
"""

import json
from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Lookup, Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)


@ForeignKey.register_lookup
class IsOneOf(Lookup):
    """``column__is_one_of=[1, 2]``: like ``__in`` for a foreign key, with one parameter for any number of integers."""

    lookup_name = "is_one_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple]:
        column, parameters = self.process_lhs(compiler, connection)
        condition = "= ANY(%s)" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
        return f"{column} {condition}", (*parameters, self.parameter(self.rhs))

    @staticmethod
    def parameter(numbers: list[int]) -> list[int] | str:
        """Return the list as the default database takes it."""
        return numbers if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else json.dumps(numbers)


class PreparedQuery(Generic[Row]):
    """A query of the default database with one parameter.

    ``compose`` returns the queryset. It is called once, when the query is first used. The parameter replaces the last
    value in its SQL.
    """

    def __init__(self, compose: Callable[[], QuerySet[Row, Any]]):
        self.compose = compose

    @cached_property
    def composed(self) -> tuple[QuerySet[Row, Any], Any, str, tuple]:
        """Return the queryset, its compiler, the SQL and the values before the parameter."""
        queryset = self.compose()
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        return queryset, compiler, sql, tuple(values)[:-1]

    def get(self, parameter: Any) -> Row:
        """Return the first row for this parameter, as the database takes it. Raises ``DoesNotExist``."""
        for row in self.all(parameter):
            return row
        model: Any = self.composed[0].model
        raise model.DoesNotExist

    def all(self, parameter: Any) -> QuerySet[Row, Any]:
        """Return the rows for this parameter, as the database takes it."""
        template, compiler, sql, values = self.composed
        prepared = copy(compiler)
        prepared.connection = connections[DEFAULT_DB_ALIAS]
        prepared.as_sql = lambda *args, **kwargs: (sql, (*values, parameter))
        queryset = template.all()
        query: Any = queryset.query
        query.get_compiler = lambda *args, **kwargs: prepared
        return queryset
