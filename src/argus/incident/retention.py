"""Forgetting what is long over. Nothing here happens by itself: ``manage.py prune`` is told how far back to keep.

Each portion is one short transaction, so a process that is killed leaves nothing half done, and nobody who posts waits
for long. What belongs to an incident goes with it, whatever app keeps it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from .models import Event, Incident, IncidentTagRelation, Tag


def finished_before(moment: datetime) -> QuerySet[Incident]:
    """Return what was over before the moment: closed, or stateless, and nothing has happened to it since.

    When Argus was told is what counts for that, by its own clock: history that a source brings along later is kept.
    """
    is_over = Q(end_time__lt=moment) | Q(end_time__isnull=True, start_time__lt=moment)
    later = Event.objects.filter(incident=OuterRef("pk"), received__gte=moment)
    return Incident.objects.filter(is_over & ~Exists(later))


@transaction.atomic
def delete_finished(keys: list[int], moment: datetime) -> int:
    """Delete those of these incidents that are still finished, with their history; return how many there were.

    One that somebody is working on at the moment is left for the next time.
    """
    held = Incident.objects.select_for_update(skip_locked=True).filter(pk__in=keys).values_list("pk", flat=True)
    # Asked again, now that nobody can reopen them.
    _, deleted = finished_before(moment).filter(pk__in=list(held)).delete()
    return deleted.get(Incident._meta.label, 0)


def unused_tags() -> QuerySet[Tag]:
    """Return the tags that no incident has."""
    return Tag.objects.filter(~Exists(IncidentTagRelation.objects.filter(tag=OuterRef("pk"))))


@transaction.atomic
def delete_unused_tags(keys: list[int]) -> int:
    """Delete those of these tags that are still unused; return how many there were."""
    held = Tag.objects.select_for_update(skip_locked=True).filter(pk__in=keys).values_list("pk", flat=True)
    return unused_tags().filter(pk__in=list(held)).delete()[0]
