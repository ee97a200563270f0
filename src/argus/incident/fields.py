"""Database expressions of the models."""

from django.db.models import BigIntegerField, Func


class CurrentTransactionId(Func):
    """The id of the transaction that writes the row on PostgreSQL (64 bits, never reused); 0 on SQLite."""

    template = "0"
    output_field = BigIntegerField()

    def as_postgresql(self, compiler, connection, **context):
        return super().as_sql(compiler, connection, template="pg_current_xact_id()::text::bigint", **context)
