"""Reads the change feed and renders messages. All functions query the database; they run in a ``DatabaseThread``."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from argus.api.renderers import dumps
from argus.auth.models import User
from argus.incident import changes
from argus.incident.api.v1.representation import incident_rows, represent_rows
from argus.incident.changes import Cursor, CursorExpiredError
from argus.incident.models import Change, ChangeKind, Incident

from . import protocol
from .protocol import Audience

READ_LIMIT = 200
# The incidents in the first list, and their total size (characters of JSON).
FIRST_LIST_LENGTH = 25
MAX_FIRST_LIST_SIZE = 512 * 1024


class Entry(NamedTuple):
    """A change, and the cursor right after it."""

    change: Change
    cursor: Cursor


class Message(NamedTuple):
    """A message without its position, and the ``stream`` of each audience that receives it."""

    text: str
    streams: dict[Audience, str]


def read_messages(cursor: Cursor) -> tuple[list[Message], Cursor, bool]:
    """Return the next messages for all audiences, the cursor after them, and whether there may be more.

    There may be more after a full page, and after the rest of a reading that began earlier. At most four queries.
    Raises ``CursorExpiredError``.
    """
    rows, after = changes.read(cursor, limit=READ_LIMIT)
    entries = [Entry(row, changes.cursor_at(row, before=cursor, after=after)) for row in rows]
    return render_messages(entries, list(Audience)), after, len(rows) == READ_LIMIT or cursor.reading is not None


def read_missed(cursor: Cursor, *, until: Cursor, audience: Audience, limit: int) -> list[Entry]:
    """Return the changes after one cursor up to another one that the audience may see.

    Raises ``CursorExpiredError``, also if there are more than ``limit``.
    """
    missed: list[Entry] = []
    while cursor != until:
        rows, after = changes.read(
            cursor, limit=limit + 1 - len(missed), include_restricted=audience is Audience.STAFF, until=until
        )
        shown = (row for row in rows if row.kind != ChangeKind.EVENT)
        missed += [Entry(row, changes.cursor_at(row, before=cursor, after=after)) for row in shown]
        if len(missed) > limit:
            raise CursorExpiredError("Too many changes were missed.")
        cursor = after
    return missed


def render_messages(entries: Sequence[Entry], audiences: Iterable[Audience]) -> list[Message]:
    """Return the messages about changes, with the present state of the incidents. Two queries.

    Changes of kind "event" and of deleted incidents have no message.
    """
    shown = [entry for entry in entries if entry.change.kind != ChangeKind.EVENT]
    incidents = render_incidents({entry.change.incident_id for entry in shown})
    messages = []
    for change, cursor in shown:
        if incident := incidents.get(change.incident_id):
            text = protocol.compose_change(incident, created=change.kind == ChangeKind.CREATED)
            may_see = [one for one in audiences if one is Audience.STAFF or not change.restricted]
            messages.append(Message(text, {one: protocol.encrypt_cursor(cursor, one) for one in may_see}))
    return messages


def render_incidents(pks: set[int]) -> dict[int, bytes]:
    """Return incidents as JSON, by primary key. Two queries, none without incidents."""
    if not pks:
        return {}
    rows = list(incident_rows(Incident.objects.filter(pk__in=pks)))
    return {incident["pk"]: dumps(incident) for incident in represent_rows(rows)}


def read_first_list(audience: Audience) -> str:
    """Return the open incidents with the latest start_time that the audience may see, newest first, as JSON.

    Two queries. The oldest ones are left out if the list exceeds ``MAX_FIRST_LIST_SIZE``.
    """
    visible = Incident.objects.visible_to(User(is_staff=audience is Audience.STAFF))
    rows = incident_rows(visible.open().order_by("-start_time", "-pk"))[:FIRST_LIST_LENGTH]
    incidents = [dumps(incident).decode() for incident in represent_rows(list(rows))]
    while sum(map(len, incidents)) > MAX_FIRST_LIST_SIZE:
        incidents.pop()
    return f"[{','.join(incidents)}]"
