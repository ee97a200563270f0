"""From one database to another: every row as it is, whatever kind of database the two are.

Nothing is half done. All rows are written in one transaction; one that is interrupted leaves the target as empty as it
was. Rows go by as values of their fields, past ``save()``: nothing is announced and no time is set anew.
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

from argus.notificationprofile.models import RoutingVersion
from argus.util.errors import DomainError
from argus.util.rows import key_batches

ROWS_AT_ONCE = 500
# What "migrate" itself writes: the source's rows take their place. In the order in which they can be deleted.
WRITTEN_BY_MIGRATE = [Permission, ContentType, RoutingVersion]


SOURCE, TARGET = "source", "default"


@contextmanager
def connected_to(target: dict) -> Iterator[None]:
    """Let everything in the block work on the database with these settings, as any process of it would.

    The one that the settings name is ``SOURCE`` meanwhile.
    """
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
    """Copy all rows to the target, read them back and compare; return how many there are.

    ``report`` hears the name of each table and its number of rows. After a ``DomainError`` nothing has changed.
    """
    with snapshot(), transaction.atomic(using=TARGET):
        for model in WRITTEN_BY_MIGRATE:
            model._base_manager.using(TARGET).all()._raw_delete(TARGET)
        return sum(copy_table(model, report) for model in all_models())


def copy_table(model: type[models.Model], report: Callable[[str, int], None]) -> int:
    """Copy the rows of one table and return how many there are."""
    count = 0
    for rows in chunks(model):
        write_rows(model, list(rows.values()))
        count += len(rows)
        if rows_with(model, list(rows), TARGET) != rows:
            raise DomainError(f"Rows of {model._meta.db_table} are not the same after copying.")
    reset_sequence(model)
    report(model._meta.db_table, count)
    return count


def all_models() -> list[type[models.Model]]:
    """Return everything that has a table of its own, including the tables between two others."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def require_migrated() -> None:
    """Refuse to copy from tables that are not those of this version."""
    executor = MigrationExecutor(connections[SOURCE])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise DomainError('This database is not up to date: run "migrate" first.')


def require_empty() -> None:
    """Refuse a target in which somebody has something, ours or not."""
    connection = connections[TARGET]
    tables = set(connection.introspection.table_names())
    if (
        strange := tables
        - {model._meta.db_table for model in all_models()}
        - {MigrationRecorder.Migration._meta.db_table}
    ):
        raise DomainError(f"The target has tables that are not of Argus: {', '.join(sorted(strange)[:3])}.")
    for model in all_models():
        if model in WRITTEN_BY_MIGRATE or model._meta.db_table not in tables:
            continue
        if model._base_manager.using(TARGET).exists():
            raise DomainError(f"The target is not empty: there are rows in {model._meta.db_table}.")


@contextmanager
def snapshot() -> Iterator[None]:
    """Let all queries to the source see the same moment. On SQLite, whoever writes there has to wait for the end."""
    with transaction.atomic(using=SOURCE), connections[SOURCE].cursor() as cursor:
        if connections[SOURCE].vendor == "postgresql":
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def names_of(model: type[models.Model]) -> list[str]:
    """Return the attributes that make up a row."""
    return [field.attname for field in model._meta.concrete_fields]


def chunks(model: type[models.Model]) -> Iterator[dict]:
    """Yield the source's rows by their keys, some hundreds at a time."""
    for keys in key_batches(model._base_manager.using(SOURCE), size=ROWS_AT_ONCE):
        yield rows_with(model, keys, SOURCE)


def rows_with(model: type[models.Model], keys: list, alias: str) -> dict:
    """Return the rows that have these keys, by their keys: the values of all fields, the key once more in front."""
    rows = model._base_manager.using(alias).filter(pk__in=keys).order_by()
    return {key: values for key, *values in rows.values_list("pk", *names_of(model))}


def write_rows(model: type[models.Model], rows: list[list]) -> None:
    """Insert rows as they are, keys included."""
    connection, fields = connections[TARGET], model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [
        field.get_db_prep_save(value, connection) for row in rows for field, value in zip(fields, row, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {places}", values)


def reset_sequence(model: type[models.Model]) -> None:
    """Let the next row that is made there get a key that is free."""
    connection = connections[TARGET]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
