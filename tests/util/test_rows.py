"""Insert and read rows in batches."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.incident.models import Incident, Tag
from argus.util.infinity import INFINITY
from argus.util.rows import BATCH_SIZE, insert_missing, key_batches
from tests.factories import NOON, make_source

pytestmark = pytest.mark.django_db


def new_tag(number: int) -> Tag:
    return Tag(key="key", value=str(number), digest=Tag.digest_of("key", str(number)))


def test_insert_missing_skips_existing_rows():
    new_tag(1).save()
    known, new = new_tag(1), new_tag(2)
    with CaptureQueriesContext(connection) as queries:
        insert_missing([known, new], unique=("digest",))
    assert len(queries) == 1
    assert known.pk is None
    assert Tag.objects.get(pk=new.pk).value == "2"
    assert Tag.objects.count() == 2


def test_single_existing_row_is_skipped():
    new_tag(1).save()
    known = new_tag(1)
    insert_missing([known], unique=("digest",))
    assert known.pk is None


def test_inserted_rows_are_stored_like_others():
    values = {"source": make_source(), "end_time": INFINITY, "start_time": NOON, "description": "50 % 'quoted' %s"}
    incident = Incident(source_incident_id="1", **values)
    insert_missing([incident], unique=("source_id", "source_incident_id"))
    again = Incident.objects.get(pk=incident.pk)
    assert {name: getattr(again, name) for name in values} == values


def test_inserted_row_can_be_changed_and_deleted():
    tag = new_tag(1)
    insert_missing([tag], unique=("digest",))
    tag.save()
    assert Tag.objects.count() == 1
    tag.delete()
    assert Tag.objects.count() == 0


def test_empty_list_takes_no_query():
    with CaptureQueriesContext(connection) as queries:
        insert_missing([], unique=("digest",))
    assert len(queries) == 0


def test_many_rows_are_inserted_in_batches():
    tags = [new_tag(number) for number in range(BATCH_SIZE + 1)]
    with CaptureQueriesContext(connection) as queries:
        insert_missing(tags, unique=("digest",))
    assert len(queries) == 2
    assert Tag.objects.get(pk=tags[-1].pk).value == str(BATCH_SIZE)


def test_key_batches_yield_all_keys_in_order():
    insert_missing([new_tag(number) for number in range(5)], unique=("digest",))
    batches = list(key_batches(Tag.objects.all(), size=2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [key for batch in batches for key in batch] == sorted(Tag.objects.values_list("pk", flat=True))
