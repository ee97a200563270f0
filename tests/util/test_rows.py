"""Rows by the shortest way."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from argus.incident.models import Event, Tag
from argus.util.infinity import INFINITY
from argus.util.rows import CHUNK, insert_all, insert_unless_there
from tests.factories import NOON, make_incident

pytestmark = pytest.mark.django_db


def new_tag(number: int) -> Tag:
    return Tag(key="key", value=str(number), digest=Tag.digest_of("key", str(number)))


def test_rows_are_stored_with_one_statement_and_know_their_keys():
    tags = [new_tag(number) for number in range(20)]
    with CaptureQueriesContext(connection) as queries:
        insert_all(tags)
    assert len(queries) == 1
    assert {tag.pk: tag.value for tag in tags} == dict(Tag.objects.values_list("pk", "value"))
    assert not any(tag._state.adding for tag in tags)


def test_they_are_what_the_orm_would_have_stored():
    incident = make_incident(end_time=INFINITY, description="50 % 'quoted' %s", start_time=NOON)
    incident.refresh_from_db()
    again = type(incident).objects.get(pk=incident.pk)
    assert (again.end_time, again.start_time, again.description) == (INFINITY, NOON, "50 % 'quoted' %s")
    event = Event(incident=incident, actor=incident.source.user, timestamp=NOON, received=NOON, type="OTH")
    insert_all([event])
    assert Event.objects.get(pk=event.pk).timestamp == NOON


def test_nothing_costs_nothing():
    with CaptureQueriesContext(connection) as queries:
        insert_all([])
    assert len(queries) == 0


def test_a_clash_stores_none_of_them():
    insert_all([new_tag(1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_all([new_tag(2), new_tag(1)])
    assert Tag.objects.count() == 1


def test_a_row_stored_so_can_be_changed_and_deleted_as_any_other():
    tag = new_tag(1)
    insert_all([tag])
    tag.save()
    assert Tag.objects.count() == 1
    tag.delete()
    assert Tag.objects.count() == 0


def test_more_rows_than_a_statement_takes_go_in_several():
    tags = [new_tag(number) for number in range(CHUNK + 1)]
    with CaptureQueriesContext(connection) as queries:
        insert_all(tags)
    assert len(queries) == 2
    assert Tag.objects.get(pk=tags[-1].pk).value == str(CHUNK)


def test_only_what_is_not_there_yet_is_stored_and_gets_a_key():
    insert_all([new_tag(1)])
    known, new = new_tag(1), new_tag(2)
    with CaptureQueriesContext(connection) as queries:
        insert_unless_there([known, new], unique=("digest",))
    assert len(queries) == 1
    assert known.pk is None
    assert Tag.objects.get(pk=new.pk).value == "2"
    assert Tag.objects.count() == 2
