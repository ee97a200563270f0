"""Deliveries and messages for tests of media without a worker."""

from argus.incident.models import Event
from argus.notificationprofile.media.base import Message
from argus.notificationprofile.media.message import build_message, with_message_parts
from argus.notificationprofile.models import EMAIL, Delivery
from tests.factories import make_user


def make_delivery(event: Event, user=None, *, medium: str = EMAIL, address: str | None = None) -> Delivery:
    """A delivery with everything that its message needs."""
    user = user or make_user()
    delivery = Delivery.objects.create(
        event=event,
        incident=event.incident,
        user=user,
        medium=medium,
        address=user.email if address is None else address,
    )
    return with_message_parts(Delivery.objects.filter(pk=delivery.pk)).get()


def make_message(event: Event, user=None, **values) -> Message:
    """The message about an event for a user."""
    return build_message(make_delivery(event, user, **values))


def start_of(incident) -> Event:
    """The incident's start event."""
    return incident.events.get(type="STA")
