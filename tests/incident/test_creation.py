"""``create_incident``: what is stored, and what is refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from argus.incident.models import Event, Incident, Tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from tests.factories import NOON, make_incident, make_source, make_superuser

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def tags_of(incident: Incident) -> list[str]:
    return [str(relation) for relation in incident.tag_relations.select_related("tag").order_by("pk")]


def test_an_incident_starts_with_one_start_event_of_its_source():
    before = timezone.now()
    incident = make_incident(description="Down.")
    event = incident.events.get()
    assert (event.type, event.timestamp, event.description) == ("STA", NOON, "Down.")
    assert event.actor == incident.source.user
    assert before <= event.received <= timezone.now()


def test_the_start_event_is_the_sources_even_when_a_superuser_posts():
    incident = make_incident(actor=make_superuser())
    assert incident.events.get().actor == incident.source.user


def test_the_tags_are_the_posters():
    superuser = make_superuser()
    incident = make_incident(actor=superuser, tags=["a=b"])
    assert incident.tag_relations.get().added_by == superuser


def test_left_out_values_are_empty_and_make_a_stateless_incident():
    source = make_source()
    incident = make_incident(source, end_time=None)
    stored = Incident.objects.get(pk=incident.pk)
    assert (stored.end_time, stored.acked_until) == (None, None)
    assert (stored.details_url, stored.description, stored.ticket_url) == ("", "", "")
    assert tags_of(stored) == []


def test_repeated_tags_count_once_and_one_key_may_have_several_values():
    incident = make_incident(tags=["b=1", "a=1", "b=1", "b=2", " a =1"])
    assert tags_of(incident) == ["b=1", "a=1", "b=2"]
    assert [f"{tag.key}={tag.value}" for tag in incident.new_tags] == ["b=1", "a=1", "b=2"]


def test_a_tag_is_stored_once_however_many_incidents_have_it():
    first, second = make_incident(tags=["a=1", "b=2"]), make_incident(tags=["b=2", "c=3"])
    assert Tag.objects.count() == 3
    assert first.tags.get(key="b") == second.tags.get(key="b")


def test_an_id_is_used_once_by_a_source_but_others_may_use_it_too():
    first = make_incident(source_incident_id="7")
    make_incident(source_incident_id="7")
    with pytest.raises(DomainError) as caught:
        make_incident(first.source, source_incident_id="7", tags=["new=tag"])
    assert caught.value.field == "source_incident_id"
    assert Incident.objects.count() == Event.objects.count() == 2
    assert not Tag.objects.exists()


def test_the_refused_duplicate_says_nothing_of_the_database():
    incident = make_incident(source_incident_id="7")
    with pytest.raises(DomainError) as caught:
        make_incident(incident.source, source_incident_id="7")
    assert "source_incident_id" in caught.value.message
    assert not any(word in caught.value.message.lower() for word in ("constraint", "unique", "key (", "detail"))


@pytest.mark.parametrize("end_time", [None, NOON, NOON + SECOND, INFINITY])
def test_an_incident_may_end_when_it_starts_or_later_or_never(end_time):
    assert Incident.objects.get(pk=make_incident(end_time=end_time).pk).end_time == end_time


def test_an_incident_does_not_end_before_it_starts():
    with pytest.raises(DomainError) as caught:
        make_incident(end_time=NOON - timedelta(microseconds=1))
    assert caught.value.field == "end_time"
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "tickets/1", "//host/1", "http://", "http://[::1", "ftp://host/"]
)
def test_a_ticket_is_at_an_absolute_web_address(url):
    with pytest.raises(DomainError) as caught:
        make_incident(ticket_url=url)
    assert caught.value.field == "ticket_url"
    assert not Incident.objects.exists()


@pytest.mark.parametrize("url", ["", "http://tickets/1", "https://[::1]:8080/x?y=z#1", "https://blåbær.example/"])
def test_web_addresses_of_an_intranet_and_of_the_world_are_taken(url):
    assert make_incident(ticket_url=url).ticket_url == url


@pytest.mark.parametrize("url", ["http://[", "//[", "javascript:alert(1)", " java\nscript:alert(1)"])
def test_a_details_url_that_breaks_or_runs_is_refused(url):
    source = make_source(base_url="https://nav.example.org/")
    with pytest.raises(DomainError) as caught:
        make_incident(source, details_url=url)
    assert caught.value.field == "details_url"
