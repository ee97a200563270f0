"""A test message to a user: sent at once by the real media, without a worker and without an entry in the log."""

from dataclasses import dataclass, replace
from time import time_ns

from django.conf import settings
from django.utils import timezone
from django.utils.html import escape

from argus.auth.models import User
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident
from argus.incident.sources import get_argus_source

from .deliverability import target_problem, user_targets
from .media.message import RenderedEvent, build_message, read_event, read_incident, subject_of
from .media.pipeline import OpenError, Outcome, Pipeline, Result
from .media.registry import AdaptedMedium, configured_media, medium_label
from .models import Delivery, Destination
from .profile_cache import Target

TITLE = "Test message"
TEXT = "Argus can send you notifications this way."


@dataclass(frozen=True)
class Attempt:
    """What came of a test message by one medium. ``problem`` is empty if the message was accepted."""

    medium: str
    address: str
    problem: str


def send_test_message(user: User) -> list[Attempt]:
    """Send a test message to each address of the user's active profiles, or else to their e-mail address."""
    return [
        Attempt(medium_label(target.medium), target.address, target_problem(target) or send_to(user, target))
        for target in user_targets(user)
    ]


def send_to(user: User, target: Target) -> str:
    """Send a test message to one target. Return why that failed, or an empty string."""
    delivery = unsaved_delivery(user, target)
    message = build_message(delivery, rendered(delivery.event))
    try:
        with Pipeline(configured_media()[target.medium], timeout=settings.ARGUS_NOTIFICATION_SEND_TIMEOUT) as pipeline:
            if issubclass(pipeline.medium_class, AdaptedMedium):
                message = pipeline.medium_class.with_rows(message, delivery)
            outcome = pipeline.send(message)
    except OpenError as error:
        outcome = Outcome(Result.TEMPORARY, str(error))
    return outcome.error


def unsaved_delivery(user: User, target: Target) -> Delivery:
    """Return a delivery of an event that is in no table.

    Its keys belong to no row, and the key of the event is a new one each time: mailboxes drop repeated Message-IDs.
    """
    source, now = get_argus_source(), timezone.now()
    incident = Incident(pk=0, source=source, source_incident_id="test", start_time=now, description=TEXT)
    event = Event(
        pk=-time_ns(), incident=incident, actor=source.user, timestamp=now, type=EventType.OTHER, description=TEXT
    )
    destination = Destination.objects.filter(pk=target.destination_id).first() if target.destination_id else None
    return Delivery(
        event=event,
        incident=incident,
        user=user,
        medium=target.medium,
        address=target.address,
        destination=destination,
    )


def rendered(event: Event) -> RenderedEvent:
    """Return the texts of the message. It has no link, because there is no incident to show."""
    data = replace(read_event(event), type_display=TITLE)
    incident = replace(read_incident(event.incident), url="")
    return RenderedEvent(data, incident, subject_of(data, incident), f"{TEXT}\n", f"<p>{escape(TEXT)}</p>\n")
