"""What is said to people of an event: subject, text, HTML, and what makes mails about one incident a conversation."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import NamedTuple

from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

from argus.incident.details_url import joined_url
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, IncidentTagRelation
from argus.util.infinity import INFINITY
from argus.util.urls import is_web_address

from ..models import Delivery, Medium
from .text import one_line, printable, readable_time, shorten

TEMPLATE = "notificationprofile/event"
# Nobody's holiday greeting shall come back.
ROBOT_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
# How much of a description goes into the subject, where many clients show a single line of about this length.
SUBJECT_DESCRIPTION = 100
SUBJECT_ACTOR = 40
# Of anything longer the source's own page shows the rest; mail servers have limits too.
LONGEST_VALUE = 10_000
# What is left for it on a line of 78 characters: "In-Reply-To: <i1234567890s.0123456789abcdef@...>".
LONGEST_DOMAIN = 33


@dataclass(frozen=True)
class Message:
    """An event in words, for one person and medium. The same whenever it is built again for the same delivery."""

    subject: str
    text: str
    html: str
    message_id: str
    references: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A fact about the incident, for the templates. ``url`` is empty unless the value may become a link."""

    label: str
    value: str
    url: str = ""

    @property
    def indented(self) -> str:
        """The value for the text part: what does not fit on a line goes on below, set off from the labels."""
        return self.value.replace("\n", "\n    ")


def with_message_parts(deliveries):
    """Let a queryset of deliveries load all that ``build_message`` looks at. Two queries more, for all of them.

    Those about the same event share it. Joined to each of them it took PostgreSQL longer to plan the query than to
    answer it, and Django as long to make the same objects over and over.
    """
    tags = Prefetch("incident__tag_relations", IncidentTagRelation.objects.select_related("tag"))
    events = Event.objects.select_related("actor", "ack", "incident__source").prefetch_related(tags)
    return deliveries.select_related("user", "profile").prefetch_related(Prefetch("event", events))


class Words(NamedTuple):
    """What everybody is told of an event."""

    subject: str
    text: str
    html: str


def put_into_words(event: Event) -> Words:
    """Tell of an event. No query for an event of ``with_message_parts``."""
    context = {
        "title": event.get_type_display(),
        "event_lines": describe_event(event),
        "incident_lines": describe_incident(event.incident),
        "link": frontend_link(event.incident),
    }
    text = render_to_string(f"{TEMPLATE}.txt", context).strip() + "\n"
    return Words(subject_of(event), text, render_to_string(f"{TEMPLATE}.html", context))


def build_message(delivery: Delivery, words: Words | None = None) -> Message:
    """Put an event into words for the addressee of a delivery; ``words`` spares doing it anew for each of them."""
    event = delivery.event
    root, first, own = thread_ids(delivery)
    references = (root,) if own == first else (root, first)
    return Message(
        *(words or put_into_words(event)),
        message_id=own,
        references=references,
        headers=thread_headers(own, references) | ROBOT_HEADERS | argus_headers(event),
    )


def thread_headers(message_id: str, references: tuple[str, ...]) -> dict[str, str]:
    """Return what mail clients put conversations together by."""
    return {"Message-ID": message_id, "In-Reply-To": references[-1], "References": " ".join(references)}


def argus_headers(event: Event) -> dict[str, str]:
    """Return what people's filters, and other programs, can go by."""
    return {"X-Argus-Incident": str(event.incident_id), "X-Argus-Event": str(event.pk)}


def latest_message(incident: Incident, user, *, medium: str = Medium.EMAIL, address: str = "") -> Message:
    """Put what happened to the incident last into words, for callers who know of no delivery."""
    event = latest_event(incident)
    return build_message(Delivery(event=event, incident=incident, user=user, medium=medium, address=address))


def latest_event(incident: Incident) -> Event:
    """Return what happened to the incident last."""
    event = incident.events.select_related("actor", "ack").latest("pk")
    event.incident = incident
    return event


def subject_of(event: Event) -> str:
    """Return one line: the installation's prefix, what happened, to what, by whom and when."""
    incident = event.incident
    what = shorten(one_line(incident.description), SUBJECT_DESCRIPTION) or f"incident {incident.pk}"
    who = shorten(one_line(event.actor.username), SUBJECT_ACTOR)
    line = f"{event.get_type_display()}: {what} (by {who}, {readable_time(event.timestamp)})"
    return one_line(f"{settings.NOTIFICATION_SUBJECT_PREFIX} {line}")


def describe_event(event: Event) -> list[Line]:
    """Return what is known of the event itself."""
    expiration = getattr(getattr(event, "ack", None), "expiration", None)
    # The event by which an incident begins says the same as the incident.
    comment = event.description if event.description != event.incident.description else ""
    lines = [
        ("Event", event.get_type_display()),
        ("Actor", event.actor.username),
        ("Time", readable_time(event.timestamp)),
        ("Comment", comment),
        ("Acknowledged until", readable_time(expiration) if expiration else ""),
    ]
    return [Line(label, printable(shorten(value, LONGEST_VALUE))) for label, value in lines if value]


def describe_incident(incident: Incident) -> list[Line]:
    """Return the incident's fields, one a line; empty ones are left out."""
    tags = sorted(incident.tag_relations.all(), key=lambda relation: relation.pk)
    source = incident.source
    lines = [
        ("Description", incident.description),
        ("Incident", str(incident.pk)),
        ("Source", str(source)),
        ("ID at the source", incident.source_incident_id),
        ("Start", readable_time(incident.start_time)),
        ("End", describe_end(incident)),
        *[("Tag", str(relation.tag)) for relation in tags],
        ("Details", joined_url(source.base_url, incident.details_url) if incident.details_url else ""),
        ("Ticket", incident.ticket_url),
    ]
    return [make_line(label, value) for label, value in lines if value]


def make_line(label: str, value: str) -> Line:
    """Return a line whose value is a link if it is a web address."""
    return Line(label, printable(shorten(value, LONGEST_VALUE)), url=value if is_web_address(value) else "")


def describe_end(incident: Incident) -> str:
    """Say when the incident ended, if it has."""
    if incident.end_time is None:
        return "none (stateless)"
    return "still open" if incident.end_time == INFINITY else readable_time(incident.end_time)


def frontend_link(incident: Incident) -> str:
    """Return where the incident is shown, or nothing when no frontend is configured."""
    frontend = settings.ARGUS_FRONTEND_URL.rstrip("/")
    return f"{frontend}/incidents/{incident.pk}" if frontend else ""


def thread_ids(delivery: Delivery) -> tuple[str, str, str]:
    """Return the Message-IDs of the incident's conversation, of its first mail to this addressee, and of this mail.

    The first is the id of no mail: whoever subscribes late, or shares a mailbox, has all mails in one conversation too.
    """
    event, incident = delivery.event, f"i{delivery.event.incident_id}"
    addressee = f"{delivery.user_id} {delivery.medium} {delivery.address}"
    first = message_id(f"{incident}s", addressee)
    own = first if event.type == EventType.START else message_id(f"e{event.pk}", addressee)
    return message_id(incident), first, own


def message_id(name: str, addressee: str = "") -> str:
    """Return an id that is always the same for the same things, and not the one of another installation."""
    digest = salted_hmac("argus.notificationprofile.message_id", f"{name} {addressee}").hexdigest()[:16]
    return f"<{name}.{digest}@{mail_domain()}>"


def mail_domain() -> str:
    """Return the domain that this installation sends mail from, or the end of it if it is long.

    An id must fit on a line of its header: newer releases of Django encode longer ones, and no client knows them again.
    """
    _, at, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    labels = punycode(domain).split(".") if at and domain else ["localhost"]
    while len(".".join(labels)) > LONGEST_DOMAIN and len(labels) > 1:
        labels.pop(0)
    return ".".join(labels)[:LONGEST_DOMAIN]
