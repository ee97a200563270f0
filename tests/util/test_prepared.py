"""``PreparedQuery``: the SQL is composed once, the rows are those of the queryset."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.incident.models import Incident, IncidentTagRelation
from argus.incident.queries import find_visible_incident
from argus.util.prepared import IsOneOf, PreparedQuery
from argus.util.rows import MAX_ID
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def query() -> PreparedQuery[Incident]:
    return PreparedQuery(lambda: Incident.objects.select_related("source").filter(pk=0))


def test_each_get_returns_its_own_row_with_its_relations_in_one_query(query):
    first, second = make_incident(), make_incident()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = [query.get(one.pk) for one in (first, second, first)]
        sources = [one.source for one in found]

    assert found == [first, second, first]
    assert sources == [first.source, second.source, first.source]
    assert len(queries) == 3


def test_queryset_is_composed_once():
    calls = []
    query = PreparedQuery(lambda: calls.append(1) or Incident.objects.filter(pk=0))
    incident = make_incident()
    query.get(incident.pk)
    query.get(incident.pk)

    assert len(calls) == 1


def test_missing_row_raises_does_not_exist(query):
    with pytest.raises(Incident.DoesNotExist):
        query.get(0)


def test_values_before_the_parameter_stay():
    incident, other = make_incident(description="a"), make_incident(description="b")
    query = PreparedQuery(lambda: Incident.objects.filter(description="a").filter(pk=0))

    assert query.get(incident.pk) == incident
    with pytest.raises(Incident.DoesNotExist):
        query.get(other.pk)


def test_is_one_of_finds_the_rows_of_all_numbers():
    incidents = [make_incident(tags=["a=1", "b=2"]) for _ in range(3)]
    rows = IncidentTagRelation.objects.filter(incident_id__is_one_of=[one.pk for one in incidents[1:]])
    query = PreparedQuery(lambda: IncidentTagRelation.objects.filter(incident_id__is_one_of=[]))

    assert {row.incident for row in rows} == set(incidents[1:])
    assert set(query.all(IsOneOf.parameter([incidents[0].pk]))) == set(incidents[0].tag_relations.all())


@pytest.mark.django_db(transaction=True)
def test_threads_use_their_own_connections(query):
    incidents = [make_incident() for _ in range(4)]
    found = {}

    def read(incident: Incident) -> None:
        found[incident.pk] = query.get(incident.pk)
        connection.close()

    threads = [threading.Thread(target=read, args=[one]) for one in incidents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {one.pk: one for one in incidents}


@pytest.mark.parametrize("is_staff", [False, True])
def test_visible_incident_follows_the_rule_of_the_queryset(is_staff):
    user = make_user(is_staff=is_staff)
    incidents = [make_incident(), make_incident(restricted=True)]
    visible = set(Incident.objects.visible_to(user))
    found = set()
    for incident in incidents:
        try:
            found.add(find_visible_incident(incident.pk, user))
        except Incident.DoesNotExist:
            continue

    assert found == visible
    assert len(found) == 1 + is_staff


def test_id_beyond_the_column_is_not_found():
    with pytest.raises(Incident.DoesNotExist):
        find_visible_incident(MAX_ID + 1, make_user())
