"""Read the plans of the queries of a request, with EXPLAIN ANALYZE before each query."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from django.db import connection

# Tables that grow with the number of incidents.
LARGE_TABLES = {
    "argus_incident_incident",
    "argus_incident_incidenttagrelation",
    "argus_incident_tag",
    "argus_incident_event",
    "argus_incident_acknowledgement",
    "argus_notificationprofile_delivery",
    "argus_incident_change",
    "argus_alert_alert",
}
# Tables that grow with the number of projects. They are small enough to be read for permissions.
INVENTORY_TABLES = {
    "argus_inventory_project",
    "argus_inventory_projectgroupmembership",
    "argus_inventory_projectcloudmembership",
    "argus_inventory_instance",
}
ALWAYS_ALLOWED_ROWS, MAX_SCANNED_SHARE = 600, 0.05
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "


@dataclass
class Plan:
    """A query: the indexes it used, the rows that it read of each large table, and those read by a sequential scan."""

    sql: str
    indexes: set[str] = field(default_factory=set)
    scanned: Counter = field(default_factory=Counter)
    read_rows: Counter = field(default_factory=Counter)

    @classmethod
    def of(cls, sql: str, root: dict) -> "Plan":
        plan = cls(sql)
        for node in nodes_of(root):
            table = node.get("Relation Name")
            plan.indexes.add(node.get("Index Name"))
            if table in LARGE_TABLES | INVENTORY_TABLES and node["Actual Loops"]:
                plan.read_rows[table] += rows_read_by(node)
                if node["Node Type"] == "Seq Scan":
                    plan.scanned[table] += rows_read_by(node)
        return plan


def nodes_of(node: dict, table: str | None = None) -> Iterator[dict]:
    """Yield a node of a plan and all nodes below it. Bitmap index scans get the table of the bitmap."""
    table = node.get("Relation Name", table)
    yield node if node["Node Type"] != "Bitmap Index Scan" else {**node, "Relation Name": table}
    for child in node.get("Plans", []):
        yield from nodes_of(child, table)


def rows_read_by(node: dict) -> float:
    """Return the rows that a scan has read in all its loops, those that were filtered out included."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


@contextmanager
def collect_plans() -> Iterator[list[Plan]]:
    """Collect the plans of all SELECT statements within the context, with their parameters."""
    plans: list[Plan] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip(" (").startswith("SELECT"):
            execute(EXPLAIN + sql, params, many, context)
            [[[explained]]] = context["cursor"].fetchall()
            plans.append(Plan.of(sql, explained["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def excessive_reads(
    client,
    requests: list,
    *,
    max_share: float,
    max_shares: Mapping[str, float] = MappingProxyType({}),
    tables: Set[str] = LARGE_TABLES,
    counted: Set[str] = frozenset(),
) -> list[tuple]:
    """Return the queries that read too many rows of a large table. Requests are paths, or (path, body) to post.

    Too many: a larger share than ``max_share`` or, for the tables in ``max_shares``, than given there; or a large share
    by a sequential scan. Queries that count may read all rows of the tables in ``counted``.
    """
    sizes = sizes_of(tables)
    found = []
    for request in requests:
        for plan in plans_of(client, request):
            watched = tables - counted if plan.sql.startswith("SELECT COUNT(") else tables
            read_rows = {table: rows for table, rows in plan.read_rows.items() if table in watched}
            many = {
                table: n
                for table, n in read_rows.items()
                if n > ALWAYS_ALLOWED_ROWS + max_shares.get(table, max_share) * sizes[table]
            }
            # A sequential scan that a LIMIT ends after a few rows is fine.
            shares = {table: max_shares.get(table, MAX_SCANNED_SHARE) for table in read_rows}
            scanned = {
                table
                for table, share in shares.items()
                if plan.scanned[table] > ALWAYS_ALLOWED_ROWS + share * sizes[table]
            }
            if scanned or many:
                found.append((request, scanned, many, plan.sql))
    return found


def sizes_of(tables: Set[str]) -> dict[str, int]:
    """Return the numbers of rows in PostgreSQL's statistics."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relname = ANY(%s)", [list(tables)])
        return dict(cursor.fetchall())


def plans_of(client, request) -> list[Plan]:
    """Return the plans of a request, whose status must be 200."""
    with collect_plans() as plans:
        answer = client.get(request) if isinstance(request, str) else client.post(*request)
        assert answer.status_code == 200, (request, answer.content)
        if answer.streaming:
            b"".join(answer.streaming_content)
    assert plans
    return plans
