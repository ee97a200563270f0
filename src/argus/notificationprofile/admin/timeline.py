"""The deliveries of events, on the page of their incident."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from argus.adminkit.display import Kind, badge, format_time, shorten
from argus.incident.admin.timeline import Note, note_providers
from argus.incident.models import Change, Event
from argus.notificationprofile.models import Delivery, Reason, Verdict

# Deliveries on the page of an incident. The list of deliveries has all of them.
MAX_DELIVERIES = 500
VERDICT_KINDS: dict[str, Kind] = {
    Verdict.PENDING: "notice",
    Verdict.RETRYING: "notice",
    Verdict.SENT: "good",
    Verdict.FAILED: "alarm",
}


def delivery_notes(request: HttpRequest, events: list[Event]) -> dict[int, list[Note]]:
    """Return a note for each delivery of the events, if the user may see deliveries. Two queries."""
    opts = Delivery._meta
    if not any(request.user.has_perm(f"{opts.app_label}.{act}_delivery") for act in ("view", "change")):
        return {}
    keys = [event.pk for event in events]
    notes: dict[int, list[Note]] = {}
    for event in Change.objects.unrouted().filter(event__in=keys).values_list("event", flat=True):
        text = "No worker has selected the users to notify of this yet."
        notes.setdefault(event, []).append(Note(text, "waiting for a worker", "notice"))
    deliveries: QuerySet[Delivery] = Delivery.objects.filter(event__in=keys).select_related("user")
    for delivery in deliveries.order_by("-event", "pk")[:MAX_DELIVERIES]:
        notes.setdefault(delivery.event_id, []).append(note_of(delivery))
    return notes


def note_of(delivery: Delivery) -> Note:
    """Return the note of a delivery: medium, user, address, verdict, and the reason or the last error."""
    kind = VERDICT_KINDS.get(delivery.verdict, "plain")
    reason = delivery.get_reason_display() if delivery.reason != Reason.NONE else ""
    words = [delivery.address, format_time(delivery.settled or delivery.created), reason, shorten(delivery.last_error)]
    html = format_html(
        '{} <a href="{}">{} to {}</a> <span class="quiet">{}</span>',
        badge(delivery.get_verdict_display(), kind),
        reverse("admin:argus_notificationprofile_delivery_change", args=[delivery.pk]),
        delivery.get_medium_display(),
        delivery.user,
        ", ".join(word for word in words if word),
    )
    return Note(html, f"notifications {delivery.get_verdict_display().lower()}", kind)


note_providers.append(delivery_notes)
