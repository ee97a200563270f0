"""Write the audit log of incidents and logins, beside the history in the database."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from argus.auth.models import User
from argus.http.client_ip import client_ip
from argus.incident.lifecycle import EventType
from argus.incident.models import Event, Incident, SourceSystem
from argus.incident.signals import incident_changed
from argus.util.logs import audit


@receiver(incident_changed, dispatch_uid="audit_event")
def audit_event(sender: Any, event: Event | None, **kwargs: Any) -> None:
    """Log each event of an incident, after the commit."""
    if event is not None:
        verb = f"recorded {EventType(event.type).name}"
        details = {"incident": event.incident_id, "event": event.pk}
        audit(verb, f"incident {event.incident_id}", actor=actor_name(event), **details)


def actor_name(event: Event) -> str:
    """Return the user name of the actor if it is loaded, otherwise the primary key. No query."""
    source = event.incident.source if Incident.source.is_cached(event.incident) else None
    if Event.actor.is_cached(event):
        return event.actor.get_username()
    if source and source.user_id == event.actor_id and SourceSystem.user.is_cached(source):
        return source.user.get_username()
    return f"account {event.actor_id}"


@receiver(user_logged_in, dispatch_uid="audit_login")
def audit_login(sender: Any, user: User, **kwargs: Any) -> None:
    """Log a login."""
    audit("logged in", user, actor=user)


@receiver(user_logged_out, dispatch_uid="audit_logout")
def audit_logout(sender: Any, user: User | None, **kwargs: Any) -> None:
    """Log a logout."""
    if user is not None:
        audit("logged out", user, actor=user)


@receiver(user_login_failed, dispatch_uid="audit_failed_login")
def audit_failed_login(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Log a failed login without the user name: some users type their password there."""
    audit("failed to log in from", client_ip(request) or "-" if request is not None else "-")
