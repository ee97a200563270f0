"""A PostgreSQL database that is large enough for the planner to choose the plans of a million incidents."""

import os

import pytest
from django.apps import apps
from django.db import connection

from argus.auth.services import replace_token
from argus.incident.models import Incident, IncidentTagRelation, Tag
from benchmarks import alerts_dataset, dataset, deliveries_dataset
from benchmarks.facts import Facts, find_facts
from benchmarks.servers import Accounts
from tests.factories import make_source, make_user

from .query_plans import INVENTORY_TABLES, LARGE_TABLES

SIZE, ALERTS, PROJECTS, SOURCES = 50_000, 10_000, 1_200, 30
# ANALYZE reads 300 times as many rows: more than any table has.
STATISTICS_TARGET = 1_000
TYPES = ("nav", "zabbix", "prometheus")
CHANGES = """
    INSERT INTO argus_incident_change
        (incident_id, event_id, kind, restricted, quiet, request_id, created, routed)
    SELECT incident_id, id, 'modified', false, false, '', received, id % 2 = 0
    FROM argus_incident_event ORDER BY id DESC LIMIT 40000;
    ANALYZE argus_incident_change;
"""


@pytest.fixture(scope="package")
def big_site(django_db_setup, django_db_blocker) -> Facts:
    """Replace the test database by one with 50 000 incidents, and return facts about its data."""
    if connection.vendor != "postgresql":
        pytest.skip("is about PostgreSQL's plans")
    with django_db_blocker.unblock():
        usual, big = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_big"
        copy_database(usual, big)
        switch_to(big)
    with django_db_blocker.unblock():
        facts = fill(f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{big}")
    yield facts
    facts.connection.close()
    with django_db_blocker.unblock():
        switch_to(usual)
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{big}" WITH (FORCE)')


def copy_database(usual: str, big: str) -> None:
    """Copy the empty database. Threads of earlier tests may still be connected to it: end these connections."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{big}"')
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [usual])
        cursor.execute(f'CREATE DATABASE "{big}" TEMPLATE "{usual}"')


def switch_to(name: str) -> None:
    """Connect to another database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = name


def fill(url: str) -> Facts:
    """Load incidents with their history, deliveries and alerts."""
    made = [make_source(f"source{number}.example.org", type=TYPES[number % 3]) for number in range(SOURCES)]
    sources = [
        {
            "pk": source.pk,
            "name": source.name,
            "user": source.user_id,
            "token": replace_token(source.user, actor=source.user).key,
        }
        for source in made
    ]
    operator = make_user("operator")
    accounts = Accounts(replace_token(operator, actor=operator).key, operator.pk, sources)
    dataset.load(url, SIZE, accounts)
    deliveries_dataset.load(url)
    last_four = Accounts(accounts.operator, operator.pk, sources[-4:])
    alerts_dataset.load(url, size=ALERTS, projects=PROJECTS, accounts=last_four)
    with connection.cursor() as cursor:
        cursor.execute(CHANGES)
    analyze_all_rows()
    return find_facts(url, SIZE)


def analyze_all_rows() -> None:
    """Make ANALYZE read every row of the large tables, so that no plan depends on a random sample.

    It samples 300 rows for each unit of the largest statistics target of a table. The target of one column is enough;
    the others keep the size of their statistics.
    """
    tables = LARGE_TABLES | INVENTORY_TABLES
    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    assert {model._meta.db_table for model in models} == tables
    with connection.cursor() as cursor:
        for model in models:
            table, column = model._meta.db_table, model._meta.pk.column
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {STATISTICS_TARGET}")
            cursor.execute(f"ANALYZE {table}")


@pytest.fixture
def tag_some(big_site, django_db_setup, db):
    """Return a function that adds a new tag to the first twentieth of the incidents, and returns its text."""

    def tag(order: str, value: str) -> str:
        tag = Tag.objects.create(key="host", value=value, digest=Tag.digest_of("host", value))
        some = Incident.objects.order_by(order).select_related("source")[: big_site.size // 20]
        IncidentTagRelation.objects.bulk_create(
            IncidentTagRelation(
                incident=one,
                tag=tag,
                added_by_id=one.source.user_id,
                added_time=one.start_time,
                start_time=one.start_time,
            )
            for one in some
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE argus_incident_incidenttagrelation")
        return str(tag)

    return tag
