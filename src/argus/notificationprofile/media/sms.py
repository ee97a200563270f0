"""SMS through a gateway that takes e-mail: an address per number, or one address with the number as subject."""

import re
from contextlib import AbstractContextManager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from argus.incident.models import Event

from ..models import Medium
from .base import NotificationMedium, PermanentFailure
from .gsm import fit_sms
from .mail import MailSession, check_address, hand_over, mail_session
from .message import Message, latest_event, latest_message
from .text import one_line, readable_time

NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
LONGEST_NAME = 30


class EmailGatewaySMS(NotificationMedium):
    """One SMS per message, by way of the gateway in ``ARGUS_SMS_GATEWAY``."""

    needs_phone_number = True

    @staticmethod
    def send(
        incident,
        user,
        *,
        phone_number: str = "",
        event: Event | None = None,
        message: Message | None = None,
        connection: MailSession | None = None,
        **kwargs,
    ) -> None:
        """Hand the SMS to the gateway. Without an event it tells what happened last to the incident."""
        phone_number = str(phone_number)
        if not NUMBER.fullmatch(phone_number):
            raise PermanentFailure(f"This is not a phone number with its country's code: {phone_number[:50]!r}")
        address, subject = gateway_for(phone_number)
        check_address(address)
        event = event or latest_event(incident)
        message = message or latest_message(incident, user, medium=Medium.SMS, address=phone_number)
        text = sms_text(event, settings.ARGUS_SMS_LENGTH)
        hand_over(EmailMessage(subject, text, to=[address], headers=message.headers), connection)

    @classmethod
    def session(cls) -> AbstractContextManager[dict]:
        """Send several SMS over one connection to the mail server."""
        return mail_session()


def gateway_for(phone_number: str) -> tuple[str, str]:
    """Return the mail address for a number in E.164, and the subject: some gateways would put one into the SMS."""
    gateway = settings.ARGUS_SMS_GATEWAY
    if not gateway:
        raise ImproperlyConfigured("ARGUS_SMS_GATEWAY must be set for SMS through an e-mail gateway.")
    address = gateway.replace("{number}", phone_number).replace("{digits}", phone_number.removeprefix("+"))
    return address, phone_number if address == gateway else ""


def sms_text(event: Event, length: int) -> str:
    """Say in one SMS what happened, where and when; the description gives way if there is too much of it."""
    incident = event.incident
    source = one_line(incident.source.name)[:LONGEST_NAME]
    clock = readable_time(event.timestamp)[5:16]
    tails = [f" ({source}, {clock}) #{incident.pk}", f" #{incident.pk}"]
    return fit_sms(f"{event.get_type_display()}: ", one_line(incident.description), tails, length)
