"""What this app does when others change something: it writes rows, or it does nothing."""

from django.contrib.auth import get_user_model
from django.db.models.signals import m2m_changed, post_save, pre_delete
from django.dispatch import receiver

from argus.auth.models import PhoneNumber
from argus.incident.signals import incident_changed

from .models import Destination, Filter, NotificationProfile, TimeRecurrence, Timeslot
from .notify import wake_workers
from .profile_cache import invalidate_profile_cache
from .timeslots import create_default_timeslot

# What a login writes is nothing that selection depends on.
IRRELEVANT = {"last_login", "password"}


@receiver(incident_changed, dispatch_uid="wake_workers")
def wake_workers_for_event(sender, event, **kwargs):
    """Wake the workers for an event that users may have to be notified of."""
    if event is not None and not event.quiet:
        wake_workers()


@receiver(post_save, sender=get_user_model(), dispatch_uid="give_default_timeslot")
def give_default_timeslot(sender, instance, created, raw=False, **kwargs):
    """Every new user, however made, can ask to be told at any time."""
    if created and not raw:
        create_default_timeslot(instance)


def note_changed_profile(sender, update_fields=None, **kwargs):
    """Let the workers know that what they have in memory is out of date."""
    if not (update_fields and set(update_fields) <= IRRELEVANT):
        invalidate_profile_cache()


# One by one: a receiver for every model would make Django load every row that it deletes, of any model.
for model in (NotificationProfile, Filter, Timeslot, TimeRecurrence, Destination, PhoneNumber, get_user_model()):
    post_save.connect(note_changed_profile, sender=model, dispatch_uid=f"note_saved_{model.__name__}")
    # Before anything is deleted, so that whoever routes at the moment is waited for, and not the other way round too.
    pre_delete.connect(note_changed_profile, sender=model, dispatch_uid=f"note_deleted_{model.__name__}")


@receiver(m2m_changed, sender=NotificationProfile.filters.through, dispatch_uid="note_changed_filters")
def note_changed_filters(sender, **kwargs):
    """The same, when a profile gets other filters."""
    invalidate_profile_cache()
