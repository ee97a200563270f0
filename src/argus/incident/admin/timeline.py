"""What happened to an incident: its events, with acknowledgements and with notes that other apps add to events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from argus.adminkit.display import Kind, badge, format_time
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Event, Incident

# The newest events that the page of an incident shows.
MAX_EVENTS = 100
KINDS: dict[str, Kind] = {
    EventType.START: "alarm",
    EventType.REOPEN: "alarm",
    EventType.END: "good",
    EventType.CLOSE: "good",
    EventType.ACKNOWLEDGE: "notice",
}


@dataclass(frozen=True)
class Note:
    """A line below an event: HTML, and the word by which the notes of an event are counted."""

    html: str
    word: str
    kind: Kind = "plain"


@dataclass(frozen=True)
class Entry:
    """An event of the timeline with its notes."""

    event: Event
    badge: str
    until: str
    notes: list[Note]

    @property
    def counts(self) -> list[str]:
        """Return a badge for each word of the notes, with the number of these notes."""
        kinds = {note.word: note.kind for note in self.notes}
        words = [note.word for note in self.notes]
        return [badge(f"{word}: {words.count(word)}", kind) for word, kind in kinds.items()]


# Returns the notes of events, by the primary keys of the events, as far as the user may see them.
NoteProvider = Callable[[HttpRequest, list[Event]], Mapping[int, list[Note]]]
note_providers: list[NoteProvider] = []


def timeline_of(incident: Incident, request: HttpRequest) -> tuple[list[Entry], bool]:
    """Return the newest events of an incident, newest first, and whether there are more.

    One query, and those of the notes.
    """
    events = incident.events.select_related("actor", "ack").order_by("-timestamp", "-pk")
    found: list[Event] = list(events[: MAX_EVENTS + 1])
    shown = found[:MAX_EVENTS]
    notes = merged(provider(request, shown) for provider in note_providers)
    return [entry_of(event, notes.get(event.pk, [])) for event in shown], len(found) > MAX_EVENTS


def merged(parts: Iterable[Mapping[int, list[Note]]]) -> dict[int, list[Note]]:
    """Return the notes of all providers, by event."""
    notes: dict[int, list[Note]] = {}
    for part in parts:
        for event, lines in part.items():
            notes.setdefault(event, []).extend(lines)
    return notes


def entry_of(event: Event, notes: list[Note]) -> Entry:
    """Return the entry of an event."""
    label = badge(event.get_type_display(), KINDS.get(event.type, "plain"))
    ack: Any = getattr(event, "ack", None)
    return Entry(event, label, expiration_text(ack) if ack else "", notes)


def expiration_text(ack: Acknowledgement) -> str:
    """Return until when an acknowledgement is valid."""
    if ack.expiration is None:
        return "without expiration"
    word = "expired" if ack.expiration <= timezone.now() else "until"
    return f"{word} {format_time(ack.expiration)}"
