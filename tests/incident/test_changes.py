"""The change feed: what a cursor reads while transactions commit late, roll back, or take long."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from argus.incident import changes
from argus.incident.changes import Cursor, CursorExpiredError, end_of_feed, read, record_changes
from argus.incident.models import Change, ChangeKind, Incident
from tests.parallel import at_once

SECOND = timedelta(seconds=1)


def record(*pks: int, restricted: bool = False) -> list[int]:
    """Append a change for each of these incidents and return the ids of the changes."""
    incidents = [Incident(pk=pk, restricted=restricted) for pk in pks]
    record_changes(incidents, ChangeKind.MODIFIED)
    return sorted(Change.objects.filter(incident__in=pks).values_list("pk", flat=True))


def incidents_of(rows: list[Change]) -> list[int]:
    return [row.incident_id for row in rows]


def read_all(cursor: Cursor, *, limit: int = 100, **options) -> tuple[list[int], Cursor]:
    """Read page by page to the end of a reading."""
    found = []
    while True:
        rows, cursor = read(cursor, limit=limit, **options)
        found += incidents_of(rows)
        if len(rows) < limit:
            return found, cursor


@contextmanager
def open_transaction(*pks: int, commit: bool = True):
    """A block during which another connection has appended changes that are not committed yet."""
    is_written, may_end, errors = threading.Event(), threading.Event(), []

    def write():
        try:
            with transaction.atomic():
                record(*pks)
                is_written.set()
                may_end.wait(60)
                transaction.set_rollback(not commit)
        except Exception as error:
            errors.append(error)
            is_written.set()
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    is_written.wait(60)
    try:
        yield
    finally:
        may_end.set()
        thread.join(60)
    assert errors == []


@pytest.fixture
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")


@pytest.mark.django_db(transaction=True)
def test_read_returns_what_was_committed_since_the_last_read():
    record(1)
    cursor = end_of_feed()
    assert read_all(cursor)[0] == []
    record(2, 3)
    record(4)

    found, cursor = read_all(cursor)

    assert found == [2, 3, 4]
    assert read_all(cursor)[0] == []


@pytest.mark.django_db(transaction=True)
def test_rolled_back_changes_are_not_read():
    cursor = end_of_feed()
    with transaction.atomic():
        record(1)
        transaction.set_rollback(True)
    record(2)

    found, cursor = read_all(cursor)

    assert found == [2]
    assert read_all(cursor)[0] == []


@pytest.mark.django_db(transaction=True)
def test_pages_hold_every_change_once():
    cursor = end_of_feed()
    record(*range(1, 8))

    assert read_all(cursor, limit=3)[0] == [1, 2, 3, 4, 5, 6, 7]
    assert read_all(cursor, limit=7)[0] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.django_db(transaction=True)
def test_changes_written_between_two_pages_follow_after_them():
    cursor = end_of_feed()
    record(1, 2, 3)
    first, cursor = read(cursor, limit=2)
    record(4)

    rest, cursor = read_all(cursor, limit=2)
    rest += read_all(cursor)[0]

    assert (incidents_of(first), rest) == ([1, 2], [3, 4])


@pytest.mark.django_db(transaction=True)
def test_restricted_changes_are_left_out_for_others_than_staff():
    cursor = end_of_feed()
    record(1, restricted=True)
    record(2)

    assert read_all(cursor)[0] == [1, 2]
    assert read_all(cursor, include_restricted=False)[0] == [2]


@pytest.mark.django_db(transaction=True)
def test_read_until_another_cursor():
    cursor = end_of_feed()
    record(1)
    until = end_of_feed()
    record(2)

    found, cursor = read_all(cursor, until=until)

    assert found == [1]
    assert read_all(cursor)[0] == [2]
    assert read_all(end_of_feed(), until=until)[0] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [2, 3, 10])
def test_reading_continues_from_the_cursor_of_any_change(limit):
    before = end_of_feed()
    record(1, 2, 3)
    rows, after = read(before, limit=limit)
    record(4)

    for row in rows:
        cursor = changes.cursor_at(row, before=before, after=after)
        found, cursor = read_all(cursor)
        assert found + read_all(cursor)[0] == list(range(row.incident_id + 1, 5))


@pytest.mark.django_db(transaction=True)
def test_reading_until_another_cursor_ends_at_that_cursor():
    first = end_of_feed()
    record(1)
    until = end_of_feed()
    record(2)

    for cursor in (first, until, end_of_feed()):
        assert read_all(cursor, until=until)[1] == until


@pytest.mark.django_db(transaction=True)
def test_cursor_survives_being_written_down():
    cursor = end_of_feed()
    record(1, 2, 3)
    _, cursor = read(cursor, limit=1)

    assert Cursor.from_text(cursor.to_text()) == cursor


@pytest.mark.django_db(transaction=True)
def test_old_cursor_is_refused():
    old = timezone.now() - changes.CURSOR_RETENTION - SECOND
    with pytest.raises(CursorExpiredError):
        read(Cursor(**{**vars(end_of_feed()), "time": old}), limit=10)


@pytest.mark.django_db(transaction=True)
def test_reading_nothing_keeps_the_cursor_fresh():
    nearly_old = timezone.now() - changes.CURSOR_RETENTION + 30 * SECOND
    _, cursor = read(Cursor(**{**vars(end_of_feed()), "time": nearly_old}), limit=10)

    assert timezone.now() - cursor.time < 30 * SECOND


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cursor", [Cursor(seen=f"{10**15}:{10**15}:"), Cursor(last_id=10**15)], ids=["pg", "sqlite"])
def test_cursor_of_another_database_is_refused(cursor):
    with pytest.raises(CursorExpiredError):
        read(cursor, limit=10)


def test_change_that_commits_late_is_read_after_later_ones(postgresql):
    cursor = end_of_feed()
    with open_transaction(1):
        record(2)
        found, cursor = read_all(cursor)
        assert found == [2]

    found, cursor = read_all(cursor)

    assert found == [1]
    assert read_all(cursor)[0] == []


def test_change_that_commits_late_is_read_by_a_cursor_made_before_its_commit(postgresql):
    with open_transaction(1):
        cursor = end_of_feed()
        record(2)

    assert read_all(cursor)[0] == [1, 2]


def test_change_that_commits_between_two_pages_is_read_once(postgresql):
    cursor = end_of_feed()
    with open_transaction(1):
        record(2, 3, 4)
        first, cursor = read(cursor, limit=2)
    rest, cursor = read_all(cursor, limit=2)
    late, cursor = read_all(cursor, limit=2)

    assert (incidents_of(first), rest, late) == ([2, 3], [4], [1])
    assert read_all(cursor)[0] == []


def test_long_transaction_elsewhere_stops_no_reader(postgresql):
    with open_transaction(1):
        cursor = end_of_feed()
        for pk in range(2, 6):
            record(pk)
            found, cursor = read_all(cursor)
            assert found == [pk]
    assert read_all(cursor)[0] == [1]


def test_changes_in_savepoints_are_read(postgresql):
    cursor = end_of_feed()
    with transaction.atomic():
        with transaction.atomic():
            record(1)
        record(2)

    assert read_all(cursor)[0] == [1, 2]


def test_rolled_back_late_transaction_leaves_no_gap(postgresql):
    cursor = end_of_feed()
    with open_transaction(1, commit=False):
        record(2)
        found, cursor = read_all(cursor)
    record(3)

    assert (found, read_all(cursor)[0]) == ([2], [3])


def test_reader_beside_many_writers_reads_every_change_once(parallel_db):
    cursor, size = end_of_feed(), 40
    are_done = threading.Event()
    left = [3]

    def write(first: int):
        for pk in range(first, first + size, 2):
            record(pk, pk + 1)
        left[0] -= 1
        if not left[0]:
            are_done.set()

    def follow():
        position, found = cursor, []
        while True:
            is_last = are_done.is_set()
            some, position = read_all(position, limit=5)
            found += some
            if is_last:
                return found

    found, *rest = at_once(follow, *[lambda first=first: write(first) for first in (1, 101, 201)])

    assert rest == [None] * 3
    assert sorted(found) == [*range(1, 41), *range(101, 141), *range(201, 241)]
    for first in (1, 101, 201):
        assert [pk for pk in found if first <= pk < first + size] == list(range(first, first + size))


@pytest.mark.django_db
def test_prune_deletes_old_rows_that_are_routed():
    old, unrouted, fresh = record(1, 2, 3)
    Change.objects.filter(pk__in=[old, unrouted]).update(created=timezone.now() - changes.CHANGE_RETENTION - SECOND)
    Change.objects.filter(pk=unrouted).update(routed=False)

    assert changes.prune_changes() == 1

    assert set(Change.objects.values_list("pk", flat=True)) == {unrouted, fresh}
