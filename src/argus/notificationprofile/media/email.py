"""E-mail under the name and the interface of Argus 1."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from argus.auth.models import User
from argus.incident.models import Incident

from .base import Message, NotificationMedium
from .message import latest_message
from .smtp import EmailMedium


class EmailNotification(NotificationMedium):
    """Send e-mail. Workers use ``EmailMedium`` directly; plugins and scripts may call ``send``."""

    native = EmailMedium

    @staticmethod
    def send(
        incident: Incident,
        user: User,
        *,
        address: str = "",
        message: Message | None = None,
        medium: EmailMedium | None = None,
        **kwargs: Any,
    ) -> None:
        """Send an e-mail to the address, or to the user's own. Without a message, report the latest event."""
        address = address or user.email
        message = message or latest_message(incident, user, address=address)
        with nullcontext({"medium": medium}) if medium else EmailNotification.session() as session:
            session["medium"].send(replace(message, address=address))

    @classmethod
    @contextmanager
    def session(cls) -> Iterator[dict[str, Any]]:
        """Send several e-mails over one connection."""
        medium = EmailMedium()
        medium.open()
        try:
            yield {"medium": medium}
        finally:
            medium.close()
