"""What this app does when others change something: it keeps alerts in step, inside the same transaction."""

from django.dispatch import receiver

from argus.incident.lifecycle import EventType
from argus.incident.signals import event_recorded
from argus.inventory.signals import scopes_deleted

from . import services


@receiver(event_recorded, dispatch_uid="keep_alert_in_step")
def keep_alert_in_step(sender, events, **kwargs):
    """Follow the incidents, whoever has closed or reopened them. Costs those that are no alerts no query."""
    for event in events:
        if event.type != EventType.START and services.is_about_an_alert(event.incident):
            services.keep_in_step(event.incident)


@receiver(scopes_deleted, dispatch_uid="let_go_of_scopes")
def let_go_of_scopes(sender, scopes, actor, **kwargs):
    """Close the alerts on what goes; staff keep them."""
    services.let_go_of(scopes, actor=actor)
