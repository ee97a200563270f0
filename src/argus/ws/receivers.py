"""Signal receivers: wake the hubs after a change, check sockets after a credential is revoked."""

import asyncio
import threading
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from argus.auth.authtoken.models import Token
from argus.incident.signals import incident_changed
from argus.util.background import BackgroundTask

from . import hub

# Seconds.
WAKE_UP_INTERVAL = 0.05
WAKE_UP_TIMEOUT = 5.0


class _Local(threading.local):
    runner: asyncio.Runner | None = None


_local = _Local()


def send_wake_up() -> None:
    """Have the hubs of all processes read the change feed. Called in a thread without an event loop."""
    _local.runner = _local.runner or asyncio.Runner()
    if layer := get_channel_layer():
        _local.runner.run(asyncio.wait_for(layer.group_send(hub.GROUP, hub.WAKE_UP), WAKE_UP_TIMEOUT))


def close_runner() -> None:
    """Close the connections that ``send_wake_up`` has used in this thread."""
    if _local.runner:
        _local.runner.close()
        _local.runner = None


wake_up_task = BackgroundTask(send_wake_up, name="websocket-wake-up", interval=WAKE_UP_INTERVAL, cleanup=close_runner)


@receiver(incident_changed, dispatch_uid="wake_hubs")
def wake_hubs(sender: object, **kwargs: Any) -> None:
    """Have clients informed of a change. A lost wake-up costs one poll interval."""
    hub.wake_hubs()
    if settings.ARGUS_REDIS_URL:
        wake_up_task.request()


@receiver(post_delete, sender=Token, dispatch_uid="check_sockets_after_token")
@receiver(post_delete, sender=Session, dispatch_uid="check_sockets_after_session")
def check_credentials(sender: object, **kwargs: Any) -> None:
    """Close the sockets of a deleted token or session, if they are connected to this process."""
    transaction.on_commit(hub.check_credentials_soon)


@receiver(post_save, sender=get_user_model(), dispatch_uid="check_sockets_after_user")
def check_credentials_of_user(
    sender: object, created: bool, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """Check the sockets after a change of a user. A login, which writes ``last_login`` only, does not matter."""
    if not created and set(update_fields or ()) != {"last_login"}:
        transaction.on_commit(hub.check_credentials_soon)
