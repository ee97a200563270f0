"""Build the message about an event: plain values, subject, text, HTML, and the headers that make a conversation."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

from argus.api.fields import format_time
from argus.auth.models import User
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, IncidentTagRelation
from argus.util.infinity import INFINITY
from argus.util.urls import is_http_url, join_url

from ..models import EMAIL, SMS, Delivery, DeliveryQuerySet
from .base import EventData, IncidentData, Message, Recipient, one_line, printable

TEMPLATE = "notificationprofile/event"
# Media of API v1 have one setting: the address.
ADDRESS_SETTINGS = {EMAIL: "email_address", SMS: "phone_number"}
# Mailboxes then send no automatic replies.
AUTOMATIC_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
# Many clients show one line of about this length.
MAX_SUBJECT_DESCRIPTION = 100
MAX_SUBJECT_ACTOR = 40
# Mail servers limit the size of messages. The source's own page shows the rest.
MAX_VALUE = 10_000
# The space left on a line of 78 characters: "In-Reply-To: <i1234567890s.0123456789abcdef@...>".
MAX_DOMAIN = 33


@dataclass(frozen=True)
class Line:
    """A line of the templates. ``url`` is empty unless the value becomes a link."""

    label: str
    value: str
    url: str = ""

    @property
    def indented(self) -> str:
        """The value for the text part, with its second and further lines indented."""
        return self.value.replace("\n", "\n    ")


@dataclass(frozen=True)
class RenderedEvent:
    """The part of a message that is the same for all recipients."""

    event: EventData
    incident: IncidentData
    subject: str
    text: str
    html: str


def with_message_parts(deliveries: DeliveryQuerySet) -> DeliveryQuerySet:
    """Load everything that ``build_message`` reads: two more queries, three if there are destinations.

    Deliveries about the same event share its object. Joining the events instead took PostgreSQL longer to plan than to
    execute, and Django had to create the same objects repeatedly.
    """
    tags = Prefetch("incident__tag_relations", IncidentTagRelation.objects.select_related("tag"))
    events = Event.objects.select_related("actor", "ack", "incident__source").prefetch_related(tags)
    return deliveries.select_related("user", "profile").prefetch_related(Prefetch("event", events), "destination")


def build_message(delivery: Delivery, rendered: RenderedEvent | None = None) -> Message:
    """Return the message of a delivery. No query after ``with_message_parts``.

    Pass ``rendered`` to render an event once for many recipients.
    """
    rendered = rendered or render_event(delivery.event)
    thread, first, own = thread_ids(delivery)
    references = (thread,) if own == first else (thread, first)
    user = delivery.user
    return Message(
        rendered.subject,
        rendered.text,
        rendered.html,
        message_id=own,
        event=rendered.event,
        incident=rendered.incident,
        recipient=Recipient(user.pk, user.get_username(), user.email),
        address=delivery.address,
        settings=settings_of(delivery),
        references=references,
        headers=thread_headers(own, references) | AUTOMATIC_HEADERS | argus_headers(rendered.event, rendered.incident),
    )


def latest_message(incident: Incident, user: User, *, address: str) -> Message:
    """Return the e-mail message about the latest event of an incident, without a delivery."""
    event = incident.events.select_related("actor", "ack").latest("pk")
    event.incident = incident
    return build_message(Delivery(event=event, incident=incident, user=user, medium=EMAIL, address=address))


def settings_of(delivery: Delivery) -> dict[str, Any]:
    """Return the settings of the destination."""
    if delivery.destination is not None:
        return dict(delivery.destination.settings)
    return {ADDRESS_SETTINGS[delivery.medium]: delivery.address} if delivery.medium in ADDRESS_SETTINGS else {}


def render_event(event: Event) -> RenderedEvent:
    """Render an event for all recipients. No query for an event of ``with_message_parts``."""
    data, incident = read_event(event), read_incident(event.incident)
    context = {
        "title": data.type_display,
        "event_lines": event_lines(data, incident),
        "incident_lines": incident_lines(incident, source=str(event.incident.source)),
        "link": incident.url,
    }
    text = render_to_string(f"{TEMPLATE}.txt", context).strip() + "\n"
    html = render_to_string(f"{TEMPLATE}.html", context)
    return RenderedEvent(data, incident, subject_of(data, incident), text, html)


def read_event(event: Event) -> EventData:
    """Return the event as plain values."""
    return EventData(
        pk=event.pk,
        type=event.type,
        type_display=event.get_type_display(),
        actor=event.actor.get_username(),
        timestamp=local_time(event.timestamp),
        description=event.description,
        expiration=getattr(getattr(event, "ack", None), "expiration", None),
    )


def read_incident(incident: Incident) -> IncidentData:
    """Return the incident as plain values."""
    source, end_time = incident.source, incident.end_time
    tags = sorted(incident.tag_relations.all(), key=lambda relation: relation.pk)
    return IncidentData(
        pk=incident.pk,
        description=incident.description,
        source=source.name,
        source_type=source.type_id,
        source_incident_id=incident.source_incident_id,
        start_time=local_time(incident.start_time),
        end_time=None if end_time in {None, INFINITY} else local_time(end_time),
        stateful=incident.stateful,
        open=incident.open,
        tags=tuple(str(relation.tag) for relation in tags),
        details_url=join_url(source.base_url, incident.details_url),
        ticket_url=incident.ticket_url,
        url=frontend_url(incident),
    )


def frontend_url(incident: Incident) -> str:
    """Return the incident's page in the frontend, or an empty string if no frontend is configured."""
    frontend = settings.ARGUS_FRONTEND_URL.rstrip("/")
    return f"{frontend}/incidents/{incident.pk}" if frontend else ""


def subject_of(event: EventData, incident: IncidentData) -> str:
    """Return the subject in one line: prefix, event type, description, actor and time."""
    description = shorten(one_line(incident.description), MAX_SUBJECT_DESCRIPTION) or f"incident {incident.pk}"
    actor = shorten(one_line(event.actor), MAX_SUBJECT_ACTOR)
    line = f"{event.type_display}: {description} (by {actor}, {readable_time(event.timestamp)})"
    return one_line(f"{settings.NOTIFICATION_SUBJECT_PREFIX} {line}")


def event_lines(event: EventData, incident: IncidentData) -> list[Line]:
    """Return the lines about the event. Empty values are left out."""
    # The description of a start event equals that of the incident, which has a line of its own.
    comment = event.description if event.description != incident.description else ""
    lines = [
        ("Event", event.type_display),
        ("Actor", event.actor),
        ("Time", readable_time(event.timestamp)),
        ("Comment", comment),
        ("Acknowledged until", readable_time(event.expiration) if event.expiration else ""),
    ]
    return [Line(label, printable(shorten(value, MAX_VALUE))) for label, value in lines if value]


def incident_lines(incident: IncidentData, *, source: str) -> list[Line]:
    """Return the lines about the incident. Empty values are left out."""
    lines = [
        ("Description", incident.description),
        ("Incident", str(incident.pk)),
        ("Source", source),
        ("ID at the source", incident.source_incident_id),
        ("Start", readable_time(incident.start_time)),
        ("End", end_text(incident)),
        *[("Tag", tag) for tag in incident.tags],
        ("Details", incident.details_url),
        ("Ticket", incident.ticket_url),
    ]
    return [linked_line(label, value) for label, value in lines if value]


def linked_line(label: str, value: str) -> Line:
    """Return a line whose value is a link if it is a web address."""
    return Line(label, printable(shorten(value, MAX_VALUE)), url=value if is_http_url(value) else "")


def end_text(incident: IncidentData) -> str:
    """Return the end time, or why there is none."""
    if not incident.stateful:
        return "none (stateless)"
    return readable_time(incident.end_time) if incident.end_time else "still open"


def shorten(text: str, length: int) -> str:
    """Cut the text to ``length`` characters, the last of them an ellipsis."""
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def local_time(moment: datetime) -> datetime:
    """Return the datetime in the server's zone, or unchanged at the ends of the calendar."""
    try:
        return moment.astimezone(timezone.get_default_timezone())
    except OverflowError:
        return moment


def readable_time(moment: datetime) -> str:
    """Return an aware datetime in the server's zone, to the second; infinity as a word."""
    return str(format_time(moment if moment == INFINITY else moment.replace(microsecond=0))).replace("T", " ")


def thread_headers(message_id: str, references: tuple[str, ...]) -> dict[str, str]:
    """Return the headers by which e-mail clients group a conversation."""
    return {"Message-ID": message_id, "In-Reply-To": references[-1], "References": " ".join(references)}


def argus_headers(event: EventData, incident: IncidentData) -> dict[str, str]:
    """Return headers for the recipients' filters and for other programs."""
    return {"X-Argus-Incident": str(incident.pk), "X-Argus-Event": str(event.pk)}


def thread_ids(delivery: Delivery) -> tuple[str, str, str]:
    """Return the Message-IDs of the conversation, of its first e-mail to this address, and of this e-mail.

    No e-mail has the first id. It also groups the e-mails of late subscribers, and of users who share a mailbox.
    """
    event, incident = delivery.event, f"i{delivery.event.incident_id}"
    addressee = f"{delivery.user_id} {delivery.medium} {delivery.address}"
    first = message_id(f"{incident}s", addressee)
    own = first if event.type == EventType.START else message_id(f"e{event.pk}", addressee)
    return message_id(incident), first, own


def message_id(name: str, addressee: str = "") -> str:
    """Return a Message-ID that is always the same for the same arguments, and differs between installations."""
    digest = salted_hmac("argus.notificationprofile.message_id", f"{name} {addressee}").hexdigest()[:16]
    return f"<{name}.{digest}@{mail_domain()}>"


def mail_domain() -> str:
    """Return the domain of DEFAULT_FROM_EMAIL, or its last labels if it is long.

    A Message-ID must fit on a line of its header. Django encodes longer ones, and clients do not recognize those.
    """
    _, at, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    labels = punycode(domain).split(".") if at and domain else ["localhost"]
    while len(".".join(labels)) > MAX_DOMAIN and len(labels) > 1:
        labels.pop(0)
    return ".".join(labels)[:MAX_DOMAIN]
