"""Values to filter by in a loaded database: popular and rare tags, busy and quiet sources, deep pages."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

import psycopg2

from .client import ask

LIST = "/api/v1/incidents/"

TAG = """
    SELECT key || '=' || value FROM argus_incident_tag AS tag
    JOIN argus_incident_incidenttagrelation AS relation ON tag_id = tag.id
    WHERE key = %s GROUP BY tag.id ORDER BY abs(count(*) - %s), tag.id LIMIT 1
"""
SOURCES = "SELECT source_id FROM argus_incident_incident GROUP BY source_id ORDER BY count(*) DESC"
OTHER_TYPES = """
    SELECT name FROM argus_incident_sourcesystemtype
    WHERE name <> (SELECT type_id FROM argus_incident_sourcesystem WHERE id = %s)
"""
NEWEST = "SELECT id FROM argus_incident_incident ORDER BY start_time DESC, id DESC LIMIT 5"
START_AT = (
    "SELECT start_time FROM argus_incident_incident {where} ORDER BY start_time DESC, id DESC OFFSET {offset} LIMIT 1"
)
SAME_ROWS = """
    SELECT incident.*, source.* FROM argus_incident_incident AS incident
    JOIN argus_incident_sourcesystem AS source ON source.id = source_id
    WHERE incident.id = ANY(%s) ORDER BY start_time DESC, incident.id DESC
"""


@dataclass
class Facts:
    """Values found in the database by SQL, and the connection."""

    connection: object
    size: int
    common_tags: dict[str, str] = field(default_factory=dict)
    rare_tag: str = ""
    # of four incidents in a thousand
    usual_tag: str = ""
    source_ids: list[int] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)
    # types other than that of the busiest source
    other_types: list[str] = field(default_factory=list)

    def one(self, query: str, *parameters):
        """Return the first column of the first row."""
        return self.column(query, *parameters)[0]

    def column(self, query: str, *parameters) -> list:
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return [first for first, *_ in cursor.fetchall()]

    def start_at(self, share: float, where: str = "") -> datetime:
        """Return the start time at this share (0 to 1) of all incidents, newest first."""
        number = self.one(f"SELECT count(*) FROM argus_incident_incident {where}")
        return self.one(START_AT.format(where=where, offset=int(share * (number - 1))))


def find_facts(database_url: str, size: int) -> Facts:
    """Find the values in a database that ``dataset.load`` has filled."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    facts = Facts(connection, size)
    for key in ("host", "location", "problem_type"):
        facts.common_tags[key] = facts.one(TAG, key, size)
    facts.rare_tag = facts.one(TAG, "interface", 20)
    facts.usual_tag = facts.one(TAG, "host", size // 250)
    facts.source_ids = facts.column(SOURCES)
    facts.newest = facts.column(NEWEST)
    facts.other_types = facts.column(OTHER_TYPES, facts.source_ids[0])
    return facts


def deep(url: str, token: str, filters: str, start: datetime, size: int = 100) -> str:
    """Return the path of the page that begins near the start time, with a cursor from the server."""
    query = f"{LIST}?{filters}&start_time__lte={quote(start.isoformat())}&page_size=1"
    following = json.loads(ask(url, query, token)[0])["next"]
    cursor = parse_qs(urlsplit(following).query)["cursor"][0]
    return f"{LIST}?{filters}&page_size={size}&cursor={quote(cursor)}"
