"""Database expressions of the models."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Func
from django.db.models.sql.compiler import SQLCompiler


class CurrentTransactionId(Func):
    """The id of the transaction that writes the row on PostgreSQL (64 bits, never reused); 0 on SQLite."""

    template = "0"
    output_field = BigIntegerField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the function of PostgreSQL."""
        return super().as_sql(compiler, connection, template="pg_current_xact_id()::text::bigint", **context)
