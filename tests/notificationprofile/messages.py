"""Deliveries and messages for tests of media, without the worker."""

from argus.incident.models import Event
from argus.notificationprofile.media.message import Message, build_message, with_message_parts
from argus.notificationprofile.models import Delivery, Medium
from tests.factories import make_user


def make_delivery(event: Event, user=None, *, medium: str = Medium.EMAIL, address: str | None = None) -> Delivery:
    """A line of the ledger with all that its message is made of."""
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
    """What is said of an event to a user."""
    return build_message(make_delivery(event, user, **values))


def start_of(incident) -> Event:
    """The event by which the incident began."""
    return incident.events.get(type="STA")
