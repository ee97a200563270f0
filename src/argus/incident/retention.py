"""Deletion of old incidents and unused tags, called by ``manage.py prune``.

Each chunk is a short transaction, so that posts wait only briefly. The rows of all apps that refer to an incident are
deleted with it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from .models import Event, Incident, IncidentTagRelation, Tag


def finished_before(moment: datetime) -> QuerySet[Incident]:
    """Return the closed and stateless incidents that ended before the moment and have had no event since.

    For events, the time counts when Argus received them: an incident that a source posts late is kept.
    """
    has_ended = Q(end_time__lt=moment) | Q(end_time__isnull=True, start_time__lt=moment)
    later = Event.objects.filter(incident=OuterRef("pk"), received__gte=moment)
    return Incident.objects.filter(has_ended & ~Exists(later))


@transaction.atomic
def delete_finished(keys: list[int], moment: datetime) -> int:
    """Delete the incidents that are still finished, with their history; return their number.

    Incidents that another transaction has locked are skipped.
    """
    locked = Incident.objects.select_for_update(skip_locked=True).filter(pk__in=keys).values_list("pk", flat=True)
    # Tested again, now that the rows are locked.
    _, deleted = finished_before(moment).filter(pk__in=list(locked)).delete()
    return deleted.get(Incident._meta.label, 0)


def unused_tags() -> QuerySet[Tag]:
    """Return the tags that no incident has."""
    return Tag.objects.filter(~Exists(IncidentTagRelation.objects.filter(tag=OuterRef("pk"))))


@transaction.atomic
def delete_unused_tags(keys: list[int]) -> int:
    """Delete the tags that are still unused; return their number."""
    locked = Tag.objects.select_for_update(skip_locked=True).filter(pk__in=keys).values_list("pk", flat=True)
    return unused_tags().filter(pk__in=list(locked)).delete()[0]
