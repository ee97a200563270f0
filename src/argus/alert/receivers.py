"""The alerts app's reactions to changes of the inventory."""

from typing import Any

from django.dispatch import receiver

from argus.auth.models import User
from argus.inventory.models import Scope
from argus.inventory.signals import scopes_deleted

from . import services


@receiver(scopes_deleted, dispatch_uid="close_alerts_of_deleted_scopes")
def close_alerts_of_deleted_scopes(sender: Any, scopes: list[Scope], actor: User, **kwargs: Any) -> None:
    """Close the alerts on the deleted objects, in the transaction of the deletion."""
    services.close_alerts_of(scopes, actor=actor)
