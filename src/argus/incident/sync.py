"""All that is open at a source, in one go: what Argus holds open of it becomes equal to the list, or nothing does."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from argus.util.rows import in_batches, insert_missing

from .bulk import NAME
from .changes import record_changes
from .lifecycle import EventType
from .models import ChangeKind, Event, Incident, IncidentTagRelation, SourceSystem, Tag
from .services import draft_incident, record_start, write_events
from .tags import add_tags_to_all

# What a list may say anew of an incident that is known. Its start stays what it was.
CHANGEABLE = ("description", "details_url", "ticket_url")


class InvalidSet(Exception):
    """Some of the incidents break a rule: ``errors`` by their place in the list. Nothing was changed."""

    def __init__(self, errors: dict[int, DomainError]):
        super().__init__(f"{len(errors)} of the incidents are invalid")
        self.errors = errors


@dataclass
class Wish:
    """One incident of the list: its place there, what is said of it, and what it would look like if it were new."""

    place: int
    values: dict
    draft: Incident

    @property
    def tags(self) -> list[tuple[str, str]]:
        return self.values.get("tags", [])


@dataclass
class Difference:
    """What had to be done. An incident that was reopened may have been updated as well, and then counts as reopened."""

    created: list[Incident] = field(default_factory=list)
    reopened: list[Incident] = field(default_factory=list)
    updated: list[Incident] = field(default_factory=list)
    closed: list[Incident] = field(default_factory=list)


@transaction.atomic
def replace_open_set(source: SourceSystem, wanted: list[dict], *, actor, is_complete: bool = True) -> Difference:
    """Open, reopen, update and close incidents, so that those open of the source are the ones wanted.

    ``wanted`` holds what ``create_incident`` takes, but ``end_time``. What is left out of a known incident stays as it
    is, and so do tags that others have put on it. A list that is not complete closes nothing. Lists of one source wait
    for each other; the same one a second time changes nothing and writes no event. Raises ``InvalidSet``.
    """
    list(SourceSystem.objects.select_for_update(no_key=True).filter(pk=source.pk))
    now, wishes = timezone.now(), _wishes(source, wanted)
    known = _hold_known(source, list(wishes), now=now, others_too=is_complete)
    new = _create([wish for name, wish in wishes.items() if name not in known], actor=actor)
    # What somebody has posted at the same moment is known by now.
    known |= _hold_named(source, [name for name in wishes if name not in known and name not in new])
    _refuse_stateless(known, wishes)
    named = [(known[name], wish) for name, wish in wishes.items() if name in known]
    difference = Difference(
        created=list(new.values()),
        reopened=[incident for incident, _ in named if incident.end_time <= now],
        updated=_update(named, actor=actor),
        closed=[one for name, one in known.items() if name not in wishes and one.end_time > max(now, one.start_time)],
    )
    _reopen(difference.reopened, source, now=now)
    _close(difference.closed, source, now=now)
    difference.updated = [incident for incident in difference.updated if incident not in difference.reopened]
    record_changes(difference.updated, ChangeKind.MODIFIED)
    return difference


def _refuse_stateless(known: dict[str, Incident], wishes: dict[str, Wish]) -> None:
    places = [wishes[name].place for name, one in known.items() if name in wishes and not one.stateful]
    _refuse({place: DomainError("This incident is stateless.", field="source_incident_id") for place in places})


def _wishes(source: SourceSystem, wanted: list[dict]) -> dict[str, Wish]:
    """Put the list into an order by id, which is the one in which rows are written: lists never wait in a ring."""
    wishes: dict[str, Wish] = {}
    errors: dict[int, DomainError] = {}
    for place, values in enumerate(wanted):
        try:
            draft = draft_incident(
                source, end_time=INFINITY, **{name: value for name, value in values.items() if name != "tags"}
            )
        except DomainError as error:
            errors[place] = error
            continue
        if draft.source_incident_id in wishes:
            errors[place] = DomainError("This id stands in the list twice.", field="source_incident_id")
        wishes[draft.source_incident_id] = Wish(place, values, draft)
    _refuse(errors)
    return dict(sorted(wishes.items()))


def _refuse(errors: dict[int, DomainError]) -> None:
    if errors:
        raise InvalidSet(errors)


def _hold_known(source: SourceSystem, names: list[str], *, now: datetime, others_too: bool) -> dict[str, Incident]:
    """Return the source's incidents that are named or, the others too, open; nobody changes them until the commit."""
    known = _hold_named(source, names)
    return known | _hold(source, Q(end_time__gt=now)) if others_too else known


def _hold_named(source: SourceSystem, names: list[str]) -> dict[str, Incident]:
    known: dict[str, Incident] = {}
    for chunk in in_batches(names):
        known |= _hold(source, Q(source_incident_id__in=chunk))
    return known


def _hold(source: SourceSystem, condition: Q) -> dict[str, Incident]:
    # What is restricted is the business of the part of Argus that made it.
    own = Incident.objects.filter(condition, source=source, restricted=False)
    incidents = own.select_for_update().order_by("pk")
    return {incident.source_incident_id: _of(source, incident) for incident in incidents}


def _of(source: SourceSystem, incident: Incident) -> Incident:
    incident.source = source
    return incident


def _create(wishes: list[Wish], *, actor) -> dict[str, Incident]:
    """Take in what is new, and return it by id; without what others are taking in at this moment."""
    insert_missing([wish.draft for wish in wishes], unique=NAME)
    new = [wish for wish in wishes if wish.draft.pk]
    add_tags_to_all([(wish.draft, wish.tags) for wish in new], actor=actor, now=timezone.now())
    record_start([wish.draft for wish in new])
    return {wish.draft.source_incident_id: wish.draft for wish in new}


def _update(known: list[tuple[Incident, Wish]], *, actor) -> list[Incident]:
    """Change what differs from the wishes, and return the incidents that were changed."""
    changed = [incident for incident, wish in known if _take_over(incident, wish.values)]
    for chunk in in_batches(changed):
        Incident.objects.bulk_update(chunk, CHANGEABLE, batch_size=500)
    retagged = _change_tags([(incident, wish.tags) for incident, wish in known if "tags" in wish.values], actor=actor)
    return list({incident.pk: incident for incident in [*changed, *retagged]}.values())


def _take_over(incident: Incident, values: dict) -> bool:
    """Set what differs from the values, and tell whether anything does."""
    new = {name: values[name] for name in CHANGEABLE if name in values and values[name] != getattr(incident, name)}
    for name, value in new.items():
        setattr(incident, name, value)
    return bool(new)


def _change_tags(tagged: list[tuple[Incident, list[tuple[str, str]]]], *, actor) -> list[Incident]:
    """Make the tags of each those given and those of others, and return the incidents for which that was a change."""
    current: dict[int, dict[str, tuple[int, int]]] = {incident.pk: {} for incident, _ in tagged}
    for pk, relation, owner, digest in _relations(list(current)):
        current[pk][digest] = (relation, owner)
    missing, gone, changed = [], [], []
    for incident, pairs in tagged:
        there, wanted = current[incident.pk], {Tag.digest_of(*pair): pair for pair in pairs}
        new = [pair for digest, pair in wanted.items() if digest not in there]
        old = [key for digest, (key, owner) in there.items() if digest not in wanted and owner == actor.pk]
        missing += [(incident, new)] if new else []
        gone += old
        changed += [incident] if new or old else []
    for chunk in in_batches(gone):
        IncidentTagRelation.objects.filter(pk__in=chunk).delete()
    add_tags_to_all(missing, actor=actor, now=timezone.now())
    return changed


def _relations(incidents: list[int]):
    """Yield the tags of the incidents: ``(incident, relation, owner, digest)``."""
    for chunk in in_batches(incidents):
        relations: QuerySet = IncidentTagRelation.objects.filter(incident__in=chunk)
        yield from relations.values_list("incident_id", "pk", "added_by_id", "tag__digest")


def _reopen(incidents: list[Incident], source: SourceSystem, *, now: datetime) -> None:
    _move_end(incidents, INFINITY)
    events = [_event(incident, EventType.REOPEN, source, now) for incident in incidents]
    write_events(events, ChangeKind.MODIFIED)


def _close(incidents: list[Incident], source: SourceSystem, *, now: datetime) -> None:
    """End what the source has not ended before; an incident has one end, so for others it is a close."""
    ended: set[int] = set()
    for chunk in in_batches([incident.pk for incident in incidents]):
        ended |= set(Event.objects.filter(incident__in=chunk, type=EventType.END).values_list("incident_id", flat=True))
    _move_end(incidents, now)
    types = {incident.pk: EventType.CLOSE if incident.pk in ended else EventType.END for incident in incidents}
    events = [_event(incident, types[incident.pk], source, now) for incident in incidents]
    write_events(events, ChangeKind.MODIFIED)


def _move_end(incidents: list[Incident], moment: datetime) -> None:
    for incident in incidents:
        incident.end_time = max(moment, incident.start_time)
    for chunk in in_batches(incidents):
        Incident.objects.bulk_update(chunk, ["end_time"], batch_size=500)


def _event(incident: Incident, event_type: EventType, source: SourceSystem, now: datetime) -> Event:
    return Event(incident=incident, type=event_type, actor_id=source.user_id, timestamp=now, received=now)
