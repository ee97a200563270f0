"""What this app does when others change something: it hands on, and nobody waits."""

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from rest_framework.authtoken.models import Token

from argus.incident.models import ChangeKind
from argus.incident.signals import incident_changed

from . import hub
from .publisher import publisher


@receiver(incident_changed, dispatch_uid="push_incident")
def push_incident(sender, incident, kind, created, **kwargs):
    """Have clients told of a change."""
    if kind != ChangeKind.EVENT:
        publisher.announce(incident.pk, created=created)


@receiver(incident_changed, dispatch_uid="note_own_event")
def note_own_event(sender, event, **kwargs):
    """Remember that this process tells of the events itself; those of others are looked for by ``watcher``."""
    if event is not None:
        hub.note_own_event(event.pk)


@receiver(post_delete, sender=Token, dispatch_uid="check_sockets_after_token")
@receiver(post_delete, sender=Session, dispatch_uid="check_sockets_after_session")
def check_sockets(sender, **kwargs):
    """Look at once who is still entitled to be connected to this process."""
    transaction.on_commit(hub.request_check)


@receiver(post_save, sender=get_user_model(), dispatch_uid="check_sockets_after_user")
def check_sockets_of_user(sender, created, update_fields=None, **kwargs):
    """The same, when something about a user changes. What a login writes does not matter."""
    if not created and set(update_fields or ()) != {"last_login"}:
        transaction.on_commit(hub.request_check)
