"""Duration of an acknowledgement and of a close."""

import psycopg2

from .client import LoadClient, ask
from .figures import milliseconds, percentile
from .load import Job
from .report import Table
from .servers import ArgusServer

ACK = ("acks", {"event": {"description": "We look into it."}})
CLOSE = ("events", {"type": "CLO", "description": "It was the power supply."})
NAMES = {"ack": ACK, "close": CLOSE}


def open_incidents(database_url: str, number: int) -> list[int]:
    """Return pks of open incidents without an acknowledgement, spread over the table."""
    query = """
        SELECT id FROM argus_incident_incident
        WHERE end_time = 'infinity' AND acked_until IS NULL ORDER BY md5(id::text) LIMIT %s
    """
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(query, [number])
        return [pk for (pk,) in cursor.fetchall()]


def requests_for(name: str, ids: list[int]) -> list[tuple[str, str, dict]]:
    """Return a request for each incident: ``ack`` or ``close``."""
    address, body = NAMES[name]
    return [("POST", f"/api/v1/incidents/{pk}/{address}/", body) for pk in ids]


def post_events(client: LoadClient, server: ArgusServer, token: str, name: str, ids: list[int]):
    """Post the event to each incident; return the latencies and the number of queries of one request."""
    first, *others = requests_for(name, ids)
    _, queries = ask(server.url, first[1], token, method="POST", body=first[2])
    job = Job(port=server.port, token=token, seconds=60, requests=others, repeat=False)
    return client.run(job).latencies, queries


def measure_events(client: LoadClient, server: ArgusServer, token: str, ids: list[int]) -> Table:
    """Acknowledge half of the incidents and close the other half, over one connection."""
    half, rows = len(ids) // 2, []
    for name, some in zip(NAMES, (ids[:half], ids[half:]), strict=True):
        latencies, queries = post_events(client, server, token, name, some)
        rows.append([name, queries, *(milliseconds(percentile(latencies, rank)) for rank in (50, 95, 99))])
    return Table(["One connection", "queries", "p50 ms", "p95 ms", "p99 ms"], rows)
