"""What PostgreSQL really does for a request: the plan of each statement, carried out beside the statement itself."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from django.db import connection

# The tables that grow with every incident.
BIG = {
    "argus_incident_incident",
    "argus_incident_incidenttagrelation",
    "argus_incident_tag",
    "argus_incident_event",
    "argus_incident_acknowledgement",
    "argus_notificationprofile_delivery",
    "argus_incident_change",
    "argus_alert_alert",
}
# Those that grow with every project. There are few enough to look through when it is asked who sees what.
INVENTORY = {
    "argus_inventory_project",
    "argus_inventory_projectgroupmembership",
    "argus_inventory_projectcloudmembership",
    "argus_inventory_instance",
}
FEW, MOST_SCANNED = 600, 0.05
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "


@dataclass
class Plan:
    """A statement: the indexes it used, how many rows of each big table it looked at, how many of them one by one."""

    sql: str
    indexes: set[str] = field(default_factory=set)
    scanned: Counter = field(default_factory=Counter)
    looked_at: Counter = field(default_factory=Counter)

    @classmethod
    def of(cls, sql: str, root: dict) -> "Plan":
        plan = cls(sql)
        for node in nodes_of(root):
            table = node.get("Relation Name")
            plan.indexes.add(node.get("Index Name"))
            if table in BIG | INVENTORY and node["Actual Loops"]:
                plan.looked_at[table] += rows_looked_at_by(node)
                if node["Node Type"] == "Seq Scan":
                    plan.scanned[table] += rows_looked_at_by(node)
        return plan


def nodes_of(node: dict, table: str | None = None) -> Iterator[dict]:
    """Yield a node of a plan and all below it; those that look into an index for a bitmap get the bitmap's table."""
    table = node.get("Relation Name", table)
    yield node if node["Node Type"] != "Bitmap Index Scan" else {**node, "Relation Name": table}
    for child in node.get("Plans", []):
        yield from nodes_of(child, table)


def rows_looked_at_by(node: dict) -> float:
    """Count what a scan has found and what it has looked at in vain, in all of its rounds."""
    in_vain = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + in_vain) * node["Actual Loops"]


@contextmanager
def plans_read() -> Iterator[list[Plan]]:
    """Give the plans of all that is selected within the context, with the very parameters that it was selected by."""
    plans: list[Plan] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip(" (").startswith("SELECT"):
            execute(EXPLAIN + sql, params, many, context)
            [[[explained]]] = context["cursor"].fetchall()
            plans.append(Plan.of(sql, explained["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def faults(
    client,
    requests: list,
    *,
    most: float,
    more: Mapping[str, float] = MappingProxyType({}),
    tables: Set[str] = BIG,
    but_to_count: Set[str] = frozenset(),
) -> list[tuple]:
    """Return which statements of the requests, paths or pairs of path and body to post, go through a big table.

    That is: read it as it comes, or look at a larger share of its rows than ``most`` or, for some tables, ``more``.
    Only to count may they do so with those named by ``but_to_count``.
    """
    sizes = sizes_of(tables)
    found = []
    for request in requests:
        for plan in plans_of(client, request):
            watched = tables - but_to_count if plan.sql.startswith("SELECT COUNT(") else tables
            looked_at = {table: rows for table, rows in plan.looked_at.items() if table in watched}
            many = {table: n for table, n in looked_at.items() if n > FEW + more.get(table, most) * sizes[table]}
            # One that ends after the first few, because no more are wanted, goes through nothing.
            shares = {table: more.get(table, MOST_SCANNED) for table in looked_at}
            scanned = {table for table, share in shares.items() if plan.scanned[table] > FEW + share * sizes[table]}
            if scanned or many:
                found.append((request, scanned, many, plan.sql))
    return found


def sizes_of(tables: Set[str]) -> dict[str, int]:
    """Return how many rows there were when PostgreSQL last looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relname = ANY(%s)", [list(tables)])
        return dict(cursor.fetchall())


def plans_of(client, request) -> list[Plan]:
    """Read the plans of a request, which must be answered."""
    with plans_read() as plans:
        answer = client.get(request) if isinstance(request, str) else client.post(*request)
        assert answer.status_code == 200, (request, answer.content)
        if answer.streaming:
            b"".join(answer.streaming_content)
    assert plans
    return plans
