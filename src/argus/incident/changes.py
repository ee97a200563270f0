"""The change feed: one row for each change of an incident, written in the transaction of the change.

Two kinds of readers. Workers claim the rows that are not routed yet. Live views read with a ``Cursor``, which never
skips a row whose transaction commits late. Rows are kept for ``CHANGE_RETENTION``.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from argus.util.logs import current_request_id

from .models import Change, ChangeKind, Event, Incident
from .signals import incident_changed

CHANGE_RETENTION = timedelta(hours=1)
# Half of the retention: a row that commits late is still there for every cursor that has not seen it.
CURSOR_RETENTION = timedelta(minutes=30)
PRUNE_BATCH_SIZE = 1000


class CursorExpiredError(Exception):
    """The feed cannot be read from this cursor: it is too old, or belongs to another database."""


@dataclass(frozen=True)
class Cursor:
    """A position in the feed: which rows have been read.

    On PostgreSQL, all rows that are visible in the snapshot ``seen``; and while the rows of a second snapshot,
    ``reading``, are read page by page, those of its rows with an id up to ``last_id``. On SQLite, which has a single
    writer, all rows up to ``last_id``. ``time`` is when ``seen`` was taken.
    """

    seen: str = ""
    reading: str | None = None
    last_id: int = 0
    time: datetime = field(default_factory=timezone.now)

    def to_text(self) -> str:
        """Return the cursor as JSON."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def from_text(cls, text: str) -> "Cursor":
        """Return the cursor that ``to_text`` has written."""
        values = json.loads(text)
        return cls(**{**values, "time": datetime.fromisoformat(values["time"])})


def record_changes(incidents: Sequence[Incident], kind: ChangeKind, *, events: Sequence[Event | None] = ()) -> None:
    """Append one row for each incident, and send ``incident_changed`` after the commit.

    Call it in the transaction of the change. ``events``: one event or None for each incident, or nothing.
    """
    request_id = current_request_id()
    changes = [
        Change(
            incident=incident,
            event=event,
            kind=kind,
            restricted=incident.restricted,
            quiet=event is not None and event.quiet,
            request_id=request_id,
            routed=event is None or event.quiet,
        )
        for incident, event in zip(incidents, events or [None] * len(incidents), strict=True)
    ]
    Change.objects.bulk_create(changes)
    for change in changes:
        transaction.on_commit(partial(_send_signal, change))


def write_events(events: Sequence[Event], *, kind: ChangeKind) -> None:
    """Store events and their changes, in the transaction that has written their effect."""
    Event.objects.bulk_create(events)
    record_changes([event.incident for event in events], kind, events=events)


def _send_signal(change: Change) -> None:
    incident_changed.send_robust(
        sender=Incident,
        incident=change.incident,
        event=change.event,
        kind=change.kind,
        created=change.kind == ChangeKind.CREATED,
    )


def end_of_feed() -> Cursor:
    """Return the cursor from which only later changes are read. One query."""
    if connection.vendor == "postgresql":
        return Cursor(seen=_current_snapshot())
    return Cursor(last_id=_last_id())


def read(
    cursor: Cursor, *, limit: int, include_restricted: bool = True, until: Cursor | None = None
) -> tuple[list[Change], Cursor]:
    """Return up to ``limit`` changes after the cursor, oldest first, and the cursor after them.

    Fewer than ``limit`` rows end a reading: all that was committed when it began has been returned, later changes are
    returned by the next one. The changes of one incident are always in the order in which they happened. ``until``, a
    cursor at the end of a reading, replaces the present end of the feed. On PostgreSQL, changes of the caller's own
    open transaction are not read. One or two queries. Raises ``CursorExpiredError``.
    """
    if timezone.now() - cursor.time > CURSOR_RETENTION:
        raise CursorExpiredError("The cursor is too old.")
    read_rows = _read_snapshot if connection.vendor == "postgresql" else _read_ids
    return read_rows(cursor, limit, Change.objects.all() if include_restricted else _unrestricted(), until)


def cursor_at(change: Change, *, before: Cursor, after: Cursor) -> Cursor:
    """Return the cursor right after one of the changes that ``read`` has returned, given the cursors around them."""
    if not before.seen:
        return replace(before, last_id=change.pk)
    return Cursor(before.seen, after.reading or after.seen, change.pk, before.time)


def _unrestricted() -> QuerySet[Change]:
    return Change.objects.filter(restricted=False)


def _read_ids(
    cursor: Cursor, limit: int, changes: QuerySet[Change], until: Cursor | None
) -> tuple[list[Change], Cursor]:
    present = _last_id()
    if cursor.seen or cursor.last_id > present:
        raise CursorExpiredError("The cursor belongs to another database.")
    last_id, now = (until.last_id, until.time) if until else (present, timezone.now())
    rows = list(changes.filter(pk__gt=cursor.last_id, pk__lte=last_id).order_by("pk")[:limit])
    if len(rows) == limit:
        return rows, Cursor(last_id=rows[-1].pk, time=cursor.time)
    return rows, Cursor(last_id=last_id, time=now)


def _last_id() -> int:
    """Return the highest id that the table has ever had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [Change._meta.db_table])
        row = cursor.fetchone()
    return row[0] if row else 0


def _read_snapshot(
    cursor: Cursor, limit: int, changes: QuerySet[Change], until: Cursor | None
) -> tuple[list[Change], Cursor]:
    if not cursor.seen:
        raise CursorExpiredError("The cursor belongs to another database.")
    reading, last_id, now = cursor.reading, cursor.last_id, until.time if until else timezone.now()
    if reading is None:
        present = _current_snapshot()
        if _parse_snapshot(cursor.seen)[0] > _parse_snapshot(present)[0]:
            raise CursorExpiredError("The cursor belongs to another database.")
        reading, last_id = until.seen if until else present, 0
    if reading == cursor.seen:
        return [], Cursor(seen=reading, time=now)
    rows = list(_unread(changes, cursor.seen, reading).filter(pk__gt=last_id).order_by("pk")[:limit])
    if len(rows) == limit:
        return rows, Cursor(cursor.seen, reading, rows[-1].pk, cursor.time)
    return rows, Cursor(seen=reading, time=now)


def _unread(changes: QuerySet[Change], seen: str, reading: str) -> QuerySet[Change]:
    """Return the rows that are visible in the snapshot ``reading`` and not in ``seen``."""
    # The same as pg_visible_in_snapshot(), in conditions for the index on the transaction. Otherwise each read examines
    # all rows since the start of the oldest running transaction: 90 000 such rows took 99 ms, and take 0.1 ms now.
    seen_end, seen_running = _parse_snapshot(seen)
    reading_end, reading_running = _parse_snapshot(reading)
    is_visible = Q(transaction_id__lt=reading_end) & ~Q(transaction_id__in=reading_running)
    return changes.filter(is_visible, Q(transaction_id__gte=seen_end) | Q(transaction_id__in=seen_running))


def _current_snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        (snapshot,) = cursor.fetchone()
    return snapshot


def _parse_snapshot(snapshot: str) -> tuple[int, list[int]]:
    """Return the first transaction that had not begun, and those that were running."""
    _, end, running = snapshot.split(":")
    return int(end), [int(one) for one in running.split(",") if one]


def old_changes(now: datetime) -> QuerySet[Change]:
    """Return the changes that are no longer needed: older than ``CHANGE_RETENTION``, and routed."""
    return Change.objects.filter(created__lt=now - CHANGE_RETENTION, routed=True)


def prune_changes() -> int:
    """Delete old changes in small transactions and return their number. Cheap if there are none."""
    total, end = 0, timezone.now() - CHANGE_RETENTION
    while True:
        # Rows are in the order of time, nearly: the oldest ones by id tell whether there is more to delete.
        oldest = Change.objects.filter(routed=True).order_by("pk").values_list("pk", "created")[:PRUNE_BATCH_SIZE]
        keys = [pk for pk, created in oldest if created < end]
        total += delete_changes(keys) if keys else 0
        if len(keys) < PRUNE_BATCH_SIZE:
            return total


def delete_changes(keys: list[int]) -> int:
    """Delete the changes with these primary keys and return how many there were."""
    return Change.objects.filter(pk__in=keys).delete()[0]
