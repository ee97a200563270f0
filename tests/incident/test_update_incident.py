"""``update_incident``: what may change, and whose tags may go."""

import pytest
from django.contrib.auth.models import Permission

from argus.auth.models import User
from argus.incident.models import Incident
from argus.incident.services import update_incident
from argus.incident.tags import add_tags
from argus.util.errors import DomainError, NotPermittedError
from tests.factories import make_incident, make_source, make_superuser, make_user

pytestmark = pytest.mark.django_db

TICKET = "https://tickets.example.org/1"


@pytest.fixture
def shared():
    """An incident with a tag of its source, ``a=source``, and one of an operator, ``b=operator``."""
    incident, operator = make_incident(tags=["a=source"]), make_user("operator")
    add_tags(incident, [("b", "operator")], actor=operator)
    return incident, incident.source.user, operator


def tags_of(incident: Incident) -> dict[str, tuple]:
    relations = incident.tag_relations.select_related("tag", "added_by").order_by("pk")
    return {str(relation): (relation.added_by, relation.added_time) for relation in relations}


def test_a_part_that_is_not_given_stays():
    incident = make_incident(details_url="old", ticket_url=TICKET, tags=["a=b"])
    update_incident(incident, actor=make_user(), details_url="new")
    stored = Incident.objects.get(pk=incident.pk)
    assert (stored.details_url, stored.ticket_url, list(tags_of(stored))) == ("new", TICKET, ["a=b"])


def test_empty_texts_clear():
    incident = make_incident(details_url="old", ticket_url=TICKET)
    update_incident(incident, actor=make_user(), details_url="", ticket_url="")
    stored = Incident.objects.get(pk=incident.pk)
    assert (stored.details_url, stored.ticket_url) == ("", "")


def test_bad_addresses_are_refused_and_change_nothing():
    incident = make_incident(ticket_url=TICKET)
    for bad in ({"ticket_url": "javascript:alert(1)"}, {"ticket_url": "x"}, {"details_url": "http://["}):
        with pytest.raises(DomainError) as caught:
            update_incident(incident, actor=make_user(), tags=[("new", "")], **bad)
        assert caught.value.field == next(iter(bad))
    stored = Incident.objects.get(pk=incident.pk)
    assert (stored.details_url, stored.ticket_url, tags_of(stored)) == ("", TICKET, {})


def test_tags_replace_the_whole_set_and_those_that_stay_keep_author_and_time(shared):
    incident, source_user, _ = shared
    before = tags_of(incident)
    update_incident(incident, actor=source_user, tags=[("c", "new"), ("b", "operator")])
    after = tags_of(incident)
    assert list(after) == ["b=operator", "c=new"]
    assert after["b=operator"] == before["b=operator"]
    assert after["c=new"][0] == source_user


def test_removing_tags_of_another_user_is_refused(shared):
    incident, source_user, operator = shared
    before = tags_of(incident)
    for actor, foreign in ((source_user, "b=operator"), (operator, "a=source")):
        with pytest.raises(DomainError) as caught:
            update_incident(incident, actor=actor, ticket_url=TICKET, tags=[("new", "1")])
        assert list(caught.value.messages) == [foreign]
    assert tags_of(incident) == before
    assert Incident.objects.get(pk=incident.pk).ticket_url == ""


def test_each_tag_that_cannot_go_is_named(shared):
    incident, *_ = shared
    with pytest.raises(DomainError) as caught:
        update_incident(incident, actor=make_user(), tags=[])
    assert set(caught.value.messages) == {"a=source", "b=operator"}


def test_superusers_remove_all_tags(shared):
    incident, *_ = shared
    update_incident(incident, actor=make_superuser(), tags=[])
    assert tags_of(incident) == {}


def test_a_tag_put_back_belongs_to_who_put_it_back(shared):
    incident, _, operator = shared
    superuser = make_superuser()
    update_incident(incident, actor=superuser, tags=[])
    update_incident(incident, actor=operator, tags=[("a", "source")])
    assert tags_of(incident)["a=source"][0] == operator


def test_repeated_tags_count_once():
    incident = make_incident(tags=["a=b"])
    update_incident(incident, actor=make_user(), tags=[("a", "b"), ("c", "d"), ("a", "b"), ("c", "d")])
    assert list(tags_of(incident)) == ["a=b", "c=d"]


def test_a_source_changes_its_own_incidents_only():
    incident, stranger = make_incident(), make_source().user
    for values in ({}, {"ticket_url": TICKET}, {"tags": [("a", "b")]}):
        with pytest.raises(NotPermittedError):
            update_incident(incident, actor=stranger, **values)
    update_incident(incident, actor=incident.source.user, ticket_url=TICKET)
    assert Incident.objects.get(pk=incident.pk).ticket_url == TICKET


def test_a_source_that_holds_the_permission_changes_all():
    incident, engine = make_incident(), make_source().user
    engine.user_permissions.add(Permission.objects.get(codename="change_incident"))
    update_incident(incident, actor=User.objects.get(pk=engine.pk), tags=[("cause", "power")])
    assert tags_of(incident)["cause=power"][0] == engine
