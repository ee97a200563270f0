"""``acknowledge`` and taking it back; when an incident counts as acked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from argus.incident.models import Acknowledgement, Event, Incident
from argus.incident.services import delete_acknowledgement
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from tests.factories import NOON, make_ack, make_event, make_expired_ack, make_incident, make_source, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def is_acked(incident: Incident) -> bool:
    """As one row says and as the database filters, which must agree."""
    acked = Incident.objects.acked().filter(pk=incident.pk).exists()
    assert Incident.objects.unacked().filter(pk=incident.pk).exists() is not acked
    assert Incident.objects.get(pk=incident.pk).acked is acked
    return acked


def acked_until(incident: Incident):
    return Incident.objects.get(pk=incident.pk).acked_until


def test_an_ack_is_an_event_with_an_expiration():
    incident, user, expiration = make_incident(), make_user(), timezone.now() + HOUR
    ack = make_ack(incident, actor=user, description="On it.", expiration=expiration)
    event = incident.events.get(type="ACK")
    assert ack.pk == event.pk
    assert (event.actor, event.description, ack.expiration) == (user, "On it.", expiration)
    assert acked_until(incident) == expiration


def test_ack_without_expiration_does_not_expire():
    incident = make_incident()
    assert not is_acked(incident)
    make_ack(incident)
    assert is_acked(incident)
    assert acked_until(incident) == INFINITY


def test_an_expired_ack_does_not_count():
    incident = make_incident()
    make_expired_ack(incident)
    assert not is_acked(incident)


def test_latest_expiration_counts_in_any_order():
    now = timezone.now()
    for expirations in ([now + HOUR, now - HOUR], [now - HOUR, now + HOUR]):
        incident = make_incident()
        for expiration in expirations:
            make_ack(incident, timestamp=NOON, expiration=expiration)
        assert is_acked(incident)
        assert acked_until(incident) == now + HOUR


def test_an_ack_that_never_expires_is_not_shortened_by_a_later_one():
    incident = make_incident()
    make_ack(incident)
    make_expired_ack(incident)
    assert acked_until(incident) == INFINITY


@pytest.mark.parametrize("after_event", [timedelta(0), -timedelta(microseconds=1)])
def test_an_expiration_is_later_than_its_event(after_event):
    incident = make_incident()
    with pytest.raises(DomainError) as caught:
        make_ack(incident, timestamp=NOON, expiration=NOON + after_event)
    assert caught.value.field is None
    assert not Acknowledgement.objects.exists()
    assert incident.events.count() == 1


def test_an_expiration_in_the_past_needs_an_event_further_in_the_past():
    with pytest.raises(DomainError):
        make_ack(make_incident(), expiration=NOON)
    assert make_ack(make_incident(), timestamp=NOON - HOUR, expiration=NOON).expiration == NOON


@pytest.mark.parametrize("owner", [True, False])
def test_no_source_acks(owner):
    incident = make_incident()
    actor = incident.source.user if owner else make_source().user
    with pytest.raises(DomainError) as caught:
        make_ack(incident, actor=actor, timestamp=NOON)
    assert list(caught.value.messages) == ["type"]
    assert incident.events.count() == 1


@pytest.mark.parametrize("end_time", [None, NOON, INFINITY])
def test_every_incident_can_be_acked_any_number_of_times(end_time):
    incident, user = make_incident(end_time=end_time), make_user()
    for _ in range(3):
        make_ack(incident, actor=user)
    assert incident.events.filter(type="ACK").count() == 3
    assert Incident.objects.get(pk=incident.pk).end_time == end_time


def test_closing_and_reopening_keep_acks():
    incident = make_incident()
    make_ack(incident)
    for event_type in ("CLO", "REO", "END"):
        make_event(incident, event_type)
        assert is_acked(incident)


def test_a_deleted_ack_takes_its_event_with_it():
    incident = make_incident()
    ack = make_ack(incident)
    delete_acknowledgement(ack, actor=make_user())
    assert list(incident.events.values_list("type", flat=True)) == ["STA"]
    assert not Acknowledgement.objects.exists()
    assert acked_until(incident) is None


def test_after_a_deletion_the_acks_that_are_left_count():
    incident, user, now = make_incident(), make_user(), timezone.now()
    long, short, longest = (
        make_ack(incident, expiration=expiration) for expiration in (now + 2 * HOUR, now + HOUR, None)
    )
    for ack, until in ((longest, now + 2 * HOUR), (long, now + HOUR), (short, None)):
        delete_acknowledgement(ack, actor=user)
        assert acked_until(incident) == until


def test_a_deletion_leaves_other_incidents_alone():
    one, other = make_incident(), make_incident()
    ack, _ = make_ack(one), make_ack(other)
    delete_acknowledgement(ack, actor=make_user())
    assert not is_acked(one)
    assert is_acked(other)
    assert Event.objects.filter(type="ACK").get().incident == other
