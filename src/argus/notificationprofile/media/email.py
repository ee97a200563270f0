"""E-mail, through whichever of Django's e-mail backends is configured."""

from contextlib import AbstractContextManager
from secrets import token_hex

from django.core.mail import EmailMultiAlternatives

from .base import NotificationMedium, PermanentFailure
from .mail import MailSession, check_address, hand_over, mail_session
from .message import Message, latest_message


class MultipartMail(EmailMultiAlternatives):
    """A mail in text and HTML."""

    def message(self, *args, **kwargs):
        """Return what is sent, with a boundary that nobody can guess: finding one takes a pattern for each mail."""
        message = super().message(*args, **kwargs)
        message.set_boundary(token_hex(16))
        return message


class EmailNotification(NotificationMedium):
    """A mail in text and HTML to the user's address. All mails about one incident are one conversation."""

    @staticmethod
    def send(
        incident,
        user,
        *,
        message: Message | None = None,
        address: str = "",
        connection: MailSession | None = None,
        **kwargs,
    ) -> None:
        """Hand the mail to the mail server. Without a message it tells what happened last to the incident."""
        address = address or user.email
        if not address:
            raise PermanentFailure("The user has no e-mail address.")
        check_address(address)
        message = message or latest_message(incident, user, address=address)
        mail = MultipartMail(message.subject, message.text, to=[address], headers=message.headers)
        mail.attach_alternative(message.html, "text/html")
        hand_over(mail, connection)

    @classmethod
    def session(cls) -> AbstractContextManager[dict]:
        """Send several mails over one connection."""
        return mail_session()
