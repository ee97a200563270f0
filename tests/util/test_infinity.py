"""A datetime later than every other, in both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import serializers
from django.db import connection

from argus.incident.models import Incident
from argus.util.infinity import INFINITY
from tests.factories import NOON, make_incident

pytestmark = pytest.mark.django_db


def raw_end_time(incident: Incident) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(end_time AS text) FROM argus_incident_incident WHERE id = %s", [incident.pk])
        return cursor.fetchone()[0]


def test_infinity_comes_back_as_infinity():
    incident = make_incident(end_time=INFINITY)
    assert Incident.objects.get(pk=incident.pk).end_time == INFINITY
    assert Incident.objects.values_list("end_time", flat=True).get(pk=incident.pk) == INFINITY


def test_postgresql_stores_its_own_infinity(db_vendor):
    stored = raw_end_time(make_incident(end_time=INFINITY))
    assert stored == ("infinity" if db_vendor == "postgresql" else "9999-12-31 23:59:59.999999")


def test_null_and_finite_datetimes_are_kept():
    moments = [None, NOON + timedelta(microseconds=1), datetime(9999, 12, 31, 22, 59, 59, tzinfo=UTC)]
    for moment in moments:
        incident = make_incident(end_time=moment)
        assert Incident.objects.get(pk=incident.pk).end_time == moment


def test_infinity_is_later_than_every_other_datetime():
    incident = make_incident(end_time=INFINITY)
    latest = INFINITY - timedelta(microseconds=1)
    assert list(Incident.objects.filter(end_time__gt=latest)) == [incident]
    assert list(Incident.objects.filter(end_time__gte=INFINITY)) == [incident]
    assert list(Incident.objects.filter(end_time=INFINITY)) == [incident]
    assert not Incident.objects.filter(end_time__lte=latest).exists()
    assert not Incident.objects.filter(end_time__gt=INFINITY).exists()


def test_infinity_sorts_last():
    first, last, middle = (make_incident(end_time=time) for time in (NOON, INFINITY, NOON + timedelta(days=1)))
    assert list(Incident.objects.order_by("end_time")) == [first, middle, last]


def test_dumped_infinity_can_be_loaded():
    incident = make_incident(end_time=INFINITY)
    dumped = serializers.serialize("json", [incident])
    [loaded] = serializers.deserialize("json", dumped)
    assert loaded.object.end_time == INFINITY
