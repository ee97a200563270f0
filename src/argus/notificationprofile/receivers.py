"""The app's reactions to changes of incidents, users and notification profiles."""

from collections.abc import Iterable
from typing import Any

from django.db.models.signals import m2m_changed, post_save, pre_delete
from django.dispatch import receiver

from argus.auth.models import PhoneNumber, User
from argus.incident.models import Event
from argus.incident.signals import incident_changed

from .models import Day, Destination, Filter, NotificationProfile, TimeRecurrence, Timeslot
from .notify import wake_workers
from .profile_cache import invalidate_profile_cache

DEFAULT_TIMESLOT = "All the time"
# Fields that a login writes. Selection does not depend on them.
IRRELEVANT_FIELDS = {"last_login", "password"}


@receiver(incident_changed, dispatch_uid="wake_workers")
def wake_workers_for_event(sender: Any, event: Event | None, **kwargs: Any) -> None:
    """Wake the workers for an event that users may have to be notified of."""
    if event is not None and not event.quiet:
        wake_workers()


@receiver(post_save, sender=User, dispatch_uid="create_default_timeslot")
def create_timeslot_of_new_user(sender: Any, instance: User, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Create the default time slot of a new user, which covers every day completely."""
    if created and not raw:
        timeslot = Timeslot.objects.create(user=instance, name=DEFAULT_TIMESLOT)
        start, end = TimeRecurrence.DAY_START, TimeRecurrence.DAY_END
        TimeRecurrence.objects.create(timeslot=timeslot, days=Day.values, start=start, end=end)


def note_changed_profile(sender: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
    """Invalidate the profile cache of the workers, unless only irrelevant fields were saved."""
    if not (update_fields and set(update_fields) <= IRRELEVANT_FIELDS):
        invalidate_profile_cache()


# For each model: with a receiver for all models, Django would load every row before it deletes it.
for model in (NotificationProfile, Filter, Timeslot, TimeRecurrence, Destination, PhoneNumber, User):
    post_save.connect(note_changed_profile, sender=model, dispatch_uid=f"note_saved_{model.__name__}")
    # Before the deletion: it locks the version first, as routing does, so the two cannot deadlock.
    pre_delete.connect(note_changed_profile, sender=model, dispatch_uid=f"note_deleted_{model.__name__}")


@receiver(m2m_changed, sender=NotificationProfile.filters.through, dispatch_uid="note_changed_filters")
def note_changed_filters(sender: Any, **kwargs: Any) -> None:
    """Invalidate the profile cache when a profile gets other filters."""
    invalidate_profile_cache()
