"""Sample database of any size, created on the server by a few statements.

Two years of a network: 30 sources, some far busier than others. An incident has five tags of skewed popularity. 8 % of
the incidents are stateless and 2 % open, mostly recent ones; 30 % of the open ones are acknowledged. In storms, 200
incidents have the same start time. Events match. Random numbers are the same in every run; times are relative to now.
"""

from contextlib import contextmanager

import psycopg2

from .servers import Accounts

SHARE_STATELESS, SHARE_OPEN, SHARE_ACKED, SHARE_ACKED_OF_ENDED = 0.08, 0.02, 0.3, 0.1

# key, number of values for a million incidents and at least, skew (1: all values are equally popular)
DIMENSIONS = [
    ("host", 5_000, 50, 3),
    ("location", 200, 10, 2),
    ("problem_type", 12, 12, 2),
    ("severity", 5, 5, 1),
    ("interface", 50_000, 20, 1.2),
]

DIMENSION = """
    WITH new AS (
        INSERT INTO argus_incident_tag (key, value, digest)
        SELECT %(key)s, value, encode(sha256(convert_to(%(key)s || '=' || value, 'UTF8')), 'hex')
        FROM (SELECT %(key)s || '-' || n AS value FROM generate_series(1, %(number)s) AS n)
        RETURNING id
    )
    INSERT INTO dimension SELECT %(key)s, min(id), count(*), %(skew)s FROM new
"""

# Random numbers are drawn once, because all later statements must see the same ones.
DRAWN = """
    CREATE TEMPORARY TABLE drawn AS
    SELECT n, n::float / %(size)s AS x, random() AS kind, random() AS opening, random() AS acking,
           random() AS jitter, -ln(1 - random()) AS length,
           (%(sources)s::bigint[])[1 + floor(%(number_of_sources)s * random() ^ 3)::int] AS source
    FROM generate_series(1, %(size)s) AS n
"""

INCIDENTS = """
    WITH placed AS (
        SELECT *, CASE WHEN n / 200 %% 25 = 7
                  THEN date_trunc('second', now() - interval '730 days' * (1 - (n / 200 * 200)::float / %(size)s))
                  ELSE date_trunc('second', now() - interval '730 days' * (1 - x) - interval '10 minutes' * jitter)
                  END AS start
        FROM drawn
    ), ended AS (
        SELECT *, CASE WHEN kind < %(stateless)s THEN NULL
                  WHEN opening < %(open)s * 3 * x * x THEN 'infinity'::timestamptz
                  ELSE least(start + interval '4 hours' * length, greatest(start, now())) END AS finish
        FROM placed
    )
    INSERT INTO argus_incident_incident (
        start_time, end_time, source_id, source_incident_id, details_url, description, ticket_url, acked_until
    )
    SELECT start, finish, source, 'alert-' || n, '/alerts/' || n || '/',
           'Interface ge-0/0/' || n %% 48 || ' of router-' || n %% 977 || '.example.org has gone down', '',
           CASE WHEN finish = 'infinity' AND acking < %(acked)s / 2 THEN 'infinity'::timestamptz
                WHEN finish = 'infinity' AND acking < %(acked)s THEN now() + interval '30 days' * (0.1 + jitter)
                WHEN finish < 'infinity' AND acking < %(acked_of_ended)s THEN 'infinity' END
    FROM ended ORDER BY n
"""

RELATIONS = """
    INSERT INTO argus_incident_incidenttagrelation (incident_id, tag_id, added_by_id, added_time, start_time)
    SELECT incident.id, first_tag + floor(number * random() ^ skew)::int, source.user_id, start_time, start_time
    FROM argus_incident_incident AS incident
    JOIN argus_incident_sourcesystem AS source ON source.id = source_id
    CROSS JOIN dimension
    ORDER BY incident.id
"""

EVENTS = """
    INSERT INTO argus_incident_event (incident_id, actor_id, timestamp, received, type, description)
    SELECT incident.id, actor_id, happened, happened + interval '1 second', type, text
    FROM argus_incident_incident AS incident
    JOIN argus_incident_sourcesystem AS source ON source.id = source_id
    CROSS JOIN LATERAL (VALUES
        (user_id, start_time, 'STA', incident.description),
        (user_id, CASE WHEN end_time < 'infinity' THEN end_time END, 'END', 'It works again'),
        (%(operator)s, CASE WHEN acked_until IS NOT NULL THEN start_time + interval '5 minutes' END, 'ACK', 'Seen')
    ) AS event (actor_id, happened, type, text)
    WHERE happened IS NOT NULL
    ORDER BY incident.id
"""

ACKS = """
    INSERT INTO argus_incident_acknowledgement (event_id, expiration)
    SELECT event.id, nullif(acked_until, 'infinity')
    FROM argus_incident_event AS event JOIN argus_incident_incident AS incident ON incident.id = incident_id
    WHERE type = 'ACK'
"""

# DROP and CREATE statements of unique constraints and indexes. Kept are the targets of foreign keys, and partial
# indexes, because PostgreSQL prints some of their conditions differently from how they were written.
CONSTRAINTS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])
    AND conindid <> ALL (SELECT conindid FROM pg_constraint WHERE contype = 'f')
"""
INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indpred IS NULL AND NOT indisprimary AND indrelid = ANY(%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
LOADED = [f"argus_incident_{name}" for name in ("incident", "incidenttagrelation", "event", "acknowledgement")]


def load(database_url: str, size: int, accounts: Accounts) -> None:
    """Fill the empty database with ``size`` incidents, then vacuum and analyze it."""
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        # Skip the foreign key checks: the rows are computed from the referenced rows.
        cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off")
        cursor.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'; SELECT setseed(0.42)")
        cursor.execute("CREATE TEMPORARY TABLE dimension (key text, first_tag bigint, number int, skew float)")
        load_tags(cursor, size)
        with indexed_afterwards(cursor, LOADED):
            load_incidents(cursor, size, accounts)
    connection.autocommit = True
    with connection.cursor() as cursor:
        # Otherwise autovacuum and the checkpointer would run during the measurement.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    connection.close()


@contextmanager
def indexed_afterwards(cursor, tables: list[str]):
    """Drop the indexes during the block and create them at its end, which is much faster."""
    indexes = []
    for query in (CONSTRAINTS, INDEXES):
        cursor.execute(query, [tables])
        indexes += cursor.fetchall()
    for drop, _ in indexes:
        cursor.execute(drop)
    yield
    for _, make in indexes:
        cursor.execute(make)


def load_tags(cursor, size: int) -> None:
    """Create the tags; the number of values of each key grows with the size."""
    for key, number, least, skew in DIMENSIONS:
        number = max(least, number * size // 1_000_000) if number > least else number
        cursor.execute(DIMENSION, {"key": key, "number": number, "skew": skew})


def load_incidents(cursor, size: int, accounts: Accounts) -> None:
    """Create the incidents, their tag relations, events and acknowledgements."""
    sources = [source["pk"] for source in accounts.sources]
    cursor.execute(DRAWN, {"size": size, "sources": sources, "number_of_sources": len(sources)})
    shares = {
        "stateless": SHARE_STATELESS,
        "open": SHARE_OPEN,
        "acked": SHARE_ACKED,
        "acked_of_ended": SHARE_ACKED_OF_ENDED,
    }
    cursor.execute(INCIDENTS, {"size": size, **shares})
    cursor.execute("ANALYZE argus_incident_incident")
    cursor.execute(RELATIONS)
    cursor.execute(EVENTS, {"operator": accounts.operator_id})
    cursor.execute("ANALYZE argus_incident_event")
    cursor.execute(ACKS)
