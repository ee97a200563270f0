"""Who did what to incidents, and who came in: lines in the log, beside the history that the database keeps."""

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, SourceSystem
from argus.incident.signals import incident_changed
from argus.util.logs import audit


@receiver(incident_changed, dispatch_uid="audit_event")
def audit_event(sender, event, **kwargs):
    """Log each event of an incident, after the commit."""
    if event is not None:
        verb = f"recorded {EventType(event.type).name}"
        details = {"incident": event.incident_id, "event": event.pk}
        audit(verb, f"incident {event.incident_id}", actor=actor_of(event), **details)


def actor_of(event) -> str:
    """Name the actor, if the name is at hand: a line in the log is worth no query."""
    source = event.incident.source if Incident.source.is_cached(event.incident) else None
    if Event.actor.is_cached(event):
        return event.actor.get_username()
    if source and source.user_id == event.actor_id and SourceSystem.user.is_cached(source):
        return source.user.get_username()
    return f"account {event.actor_id}"


@receiver(user_logged_in, dispatch_uid="audit_login")
def audit_login(sender, user, **kwargs):
    audit("logged in", user, actor=user)


@receiver(user_logged_out, dispatch_uid="audit_logout")
def audit_logout(sender, user, **kwargs):
    if user is not None:
        audit("logged out", user, actor=user)


@receiver(user_login_failed, dispatch_uid="audit_failed_login")
def audit_failed_login(sender, request=None, **kwargs):
    """Not by which name: people type their password there, too."""
    audit("failed to log in from", request.META.get("REMOTE_ADDR", "-") if request is not None else "-")
