"""Delivery rows for a benchmark, created in the database by one statement: one for each event, to its actor.

Of five deliveries three are sent, one has failed, and one is suppressed: by a time slot or a missing address.
"""

import psycopg2

from .dataset import indexed_afterwards

TABLE = "argus_notificationprofile_delivery"
DELIVERIES = f"""
    INSERT INTO {TABLE} (
        event_id, incident_id, user_id, medium, address, verdict, reason, attempts, created, due, settled, last_error
    )
    SELECT id, incident_id, actor_id, 'EM', 'person' || id % 500 || '@example.org',
           (ARRAY['sent', 'sent', 'sent', 'suppressed', 'failed'])[1 + id % 5],
           CASE WHEN id % 5 <> 3 THEN '' WHEN id % 500 = 3 THEN 'no address' ELSE 'outside timeslot' END,
           1, received, received, received, ''
    FROM argus_incident_event ORDER BY id
"""


def load(database_url: str) -> None:
    """Fill the empty delivery log of a database that has events, then analyze the table."""
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        # What is made from the referenced rows themselves need not be checked against them.
        cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        with indexed_afterwards(cursor, [TABLE]):
            cursor.execute(DELIVERIES)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {TABLE}")
        cursor.execute("CHECKPOINT")
    connection.close()
