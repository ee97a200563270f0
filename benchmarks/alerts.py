"""Duration of lists and counts of alerts for each role, in an inventory of thousands of projects."""

import json
from contextlib import closing
from time import time
from urllib.parse import urlencode

import psycopg2

from tests.servers import running_postgres

from . import changelists
from .alerts_dataset import load
from .client import LoadClient, ask, running_client
from .figures import milliseconds, percentile
from .load import Job
from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, ArgusServer, prepare, running_argus

LIST, STATS = "/api/alerts/", "/api/alerts/stats/"
# A response about the caller only.
BASELINE = "/api/v1/auth/user/"
# Limit of the p95 of a page and of the counts, in milliseconds.
MOST = 50
WEEK = 7 * 24 * 3600
ROLES = {
    "admin": "project admin",
    "owner": "customer owner",
    "manager": "group manager",
    "staff": "staff",
}


def cases(customer: str) -> dict[str, str]:
    """Return query strings by name."""
    now = int(time())
    asked = {
        "everything": {},
        "opened": {"opened": ""},
        "not acknowledged": {"acknowledged": "False"},
        "opened, not acknowledged": {"opened": "", "acknowledged": "False"},
        "errors": {"severity": "Error"},
        "by severity": {"o": "-severity"},
        "on instances": {"scope_type": "instance"},
        "created last week": {"created_from": now - WEEK},
        "closed last week": {"closed_from": now - WEEK},
        "active in a week": {"from": now - 10 * WEEK, "to": now - 9 * WEEK},
        "of all customers": {"aggregate": "customer"},
        "of a customer": {"aggregate": "customer", "uuid": customer},
        "of all groups": {"aggregate": "project_group", "opened": ""},
    }
    return {name: urlencode(query) for name, query in asked.items()}


def measure(scale: Scale) -> dict[str, Table]:
    """Measure every case for every role, and the admin's lists."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres, running_client() as client:
        accounts = prepare(postgres.url, sources=len(ROLES), profiles=0)
        progress(f"alerts: loading {scale.alerts} alerts on {scale.projects} projects")
        tokens = load(postgres.url, size=scale.alerts, projects=scale.projects, accounts=accounts)
        with running_argus(postgres.url) as server:
            queries = cases(middle_customer(postgres.url))
            rows = [["baseline", "", *time_of(server, client, tokens["admin"], BASELINE, scale), "", "", ""]]
            for role, title in ROLES.items():
                progress(f"alerts: {title}")
                rows += [
                    describe_case(server, client, tokens[role], f"{title}: {name}", query, scale)
                    for name, query in queries.items()
                ]
            pages = changelists.measure_alerts(server, client, scale, session=accounts.session)
    titles = ["Milliseconds", "alerts", "page p50", "page p95", "queries", "counts p50", "counts p95", "queries"]
    return {"alerts": Table(titles, rows), "admin-alerts": pages}


def middle_customer(database_url: str) -> str:
    """Return the UUID of the customer that has roles."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT replace(c.uuid::text, '-', '') FROM argus_inventory_customer c "
            "JOIN argus_inventory_customerrole r ON r.customer_id = c.id"
        )
        return cursor.fetchone()[0]


def describe_case(server: ArgusServer, client: LoadClient, token: str, name: str, query: str, scale: Scale) -> list:
    """Measure the page and the counts; return the cells of both."""
    counts, _ = ask(server.url, f"{STATS}?{query}", token)
    cells = [name, f"{sum(json.loads(counts).values()):,}"]
    for path in (LIST, STATS):
        cells += time_of(server, client, token, f"{path}?{query}", scale)
    return cells


def time_of(server: ArgusServer, client: LoadClient, token: str, path: str, scale: Scale) -> list:
    """Repeat a request for some time; return p50, p95 and the number of queries."""
    _, queries = ask(server.url, path, token)
    job = Job(port=server.port, token=token, seconds=scale.alert_seconds, requests=[("GET", path, None)])
    latencies = client.run(job).latencies
    p50, p95 = (percentile(latencies, rank) for rank in (50, 95))
    return [milliseconds(p50), f"{milliseconds(p95)}{' !' * (p95 * 1000 > MOST)}", queries]
