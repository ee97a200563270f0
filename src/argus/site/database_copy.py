"""Copies all rows from one database to another, of the same or another kind.

All rows are written in one transaction: if it is interrupted, the target stays empty. Values of columns are copied,
without ``save()``, signals and automatic timestamps.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from argus.notificationprofile.models import ProfileVersion
from argus.util.errors import DomainError
from argus.util.rows import key_batches

BATCH_SIZE = 500
# Tables that "migrate" fills. Their rows are replaced by those of the source; in this order they can be deleted.
WRITTEN_BY_MIGRATE = [Permission, ContentType, ProfileVersion]


SOURCE, TARGET = "source", "default"


@contextmanager
def connected_to(target: dict) -> Iterator[None]:
    """Make ``target`` the default database in this block. The database of the settings is ``SOURCE`` meanwhile."""
    given = connections.settings[TARGET]
    connections[TARGET].close()
    connections.settings[SOURCE] = given
    connections.settings[TARGET] = connections.configure_settings({TARGET: target})[TARGET]
    connections[TARGET] = connections.create_connection(TARGET)
    try:
        yield
    finally:
        for alias in (SOURCE, TARGET):
            connections[alias].close()
        connections.settings[TARGET] = given
        connections[TARGET] = connections.create_connection(TARGET)


def copy_everything(report: Callable[[str, int], None]) -> int:
    """Copy all rows to the target, read them back and compare them; return their number.

    ``report`` gets the name of each table and its number of rows. After a ``DomainError``, the target is unchanged.
    """
    with snapshot(), transaction.atomic(using=TARGET):
        for model in WRITTEN_BY_MIGRATE:
            model._base_manager.using(TARGET).all()._raw_delete(TARGET)
        return sum(copy_table(model, report) for model in all_models())


def copy_table(model: type[models.Model], report: Callable[[str, int], None]) -> int:
    """Copy the rows of one table and return their number."""
    count = 0
    for rows in row_batches(model):
        write_rows(model, list(rows.values()))
        count += len(rows)
        if rows_with(model, list(rows), TARGET) != rows:
            raise DomainError(f"Rows of {model._meta.db_table} differ after copying.")
    reset_sequence(model)
    report(model._meta.db_table, count)
    return count


def all_models() -> list[type[models.Model]]:
    """Return all models with a table, including those of many-to-many relations."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def require_migrated() -> None:
    """Refuse a source that lacks migrations."""
    executor = MigrationExecutor(connections[SOURCE])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise DomainError('This database is not up to date: run "migrate" first.')


def require_empty() -> None:
    """Refuse a target that contains rows, or tables of another application."""
    connection = connections[TARGET]
    tables = set(connection.introspection.table_names())
    if (
        foreign := tables
        - {model._meta.db_table for model in all_models()}
        - {MigrationRecorder.Migration._meta.db_table}
    ):
        raise DomainError(f"The target has tables of another application: {', '.join(sorted(foreign)[:3])}.")
    for model in all_models():
        if model in WRITTEN_BY_MIGRATE or model._meta.db_table not in tables:
            continue
        if model._base_manager.using(TARGET).exists():
            raise DomainError(f"The target is not empty: there are rows in {model._meta.db_table}.")


@contextmanager
def snapshot() -> Iterator[None]:
    """Let all queries to the source see one snapshot. On SQLite, writers wait until the end."""
    with transaction.atomic(using=SOURCE), connections[SOURCE].cursor() as cursor:
        if connections[SOURCE].vendor == "postgresql":
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def column_attributes(model: type[models.Model]) -> list[str]:
    """Return the attributes of all columns."""
    return [field.attname for field in model._meta.concrete_fields]


def row_batches(model: type[models.Model]) -> Iterator[dict]:
    """Yield the source's rows by their keys, in batches."""
    for keys in key_batches(model._base_manager.using(SOURCE), size=BATCH_SIZE):
        yield rows_with(model, keys, SOURCE)


def rows_with(model: type[models.Model], keys: list, alias: str) -> dict:
    """Return the values of all columns of the rows with these keys, by key."""
    rows = model._base_manager.using(alias).filter(pk__in=keys).order_by()
    return {key: values for key, *values in rows.values_list("pk", *column_attributes(model))}


def write_rows(model: type[models.Model], rows: list[list]) -> None:
    """Insert rows with their keys."""
    connection, fields = connections[TARGET], model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [
        field.get_db_prep_save(value, connection) for row in rows for field, value in zip(fields, row, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {places}", values)


def reset_sequence(model: type[models.Model]) -> None:
    """Set the sequence behind the highest key."""
    connection = connections[TARGET]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
