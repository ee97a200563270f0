"""E-mail by Django's e-mail backend: one connection for a batch, and refusals classified."""

import re
import selectors
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from secrets import token_hex
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from socket import SHUT_RDWR, socket
from time import monotonic
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.utils.encoding import punycode

from .base import InvalidSettingsError, Medium, Message, PermanentError

# Codes by which a server refuses this client, and not the recipient or the message: authentication, no service.
CLIENT_REFUSED = {503, 521, 530, 534, 535, 538}
MESSAGE_TOO_LARGE = 552
# "Service not available, closing transmission channel": the server has not looked at the message.
SERVICE_CLOSING = 421
# Enhanced status codes of policy: after RCPT mostly "relaying denied", which an operator can correct.
POLICY = re.compile(rb"^5\.7\.\d")
# Seconds. A connection attempt that fails after longer than SLOW_CONNECT is not repeated for RECONNECT_INTERVAL:
# the other messages of the batch then do not wait for the same time-out.
SLOW_CONNECT, RECONNECT_INTERVAL = 1.0, 5.0


class NotAcceptedError(Exception):
    """The mail server is unavailable, or the backend did not accept the message and gave no reason."""


class MultipartMail(EmailMultiAlternatives):
    """An e-mail in text and HTML."""

    def message(self, *args: Any, **kwargs: Any) -> Any:
        """Return the MIME message with a random boundary: searching the parts for a free one is slow."""
        message = super().message(*args, **kwargs)
        message.set_boundary(token_hex(16))
        return message


class MailConnection:
    """A connection to the mail server. It is opened when needed, and again after the server has closed it.

    Threads may share it; they send one after the other.
    """

    def __init__(self, *, slow_connect: float = SLOW_CONNECT, reconnect_interval: float = RECONNECT_INTERVAL) -> None:
        self._backend: Any = get_connection()
        self._slow_connect, self._reconnect_interval = slow_connect, reconnect_interval
        self._lock = threading.Lock()
        self._closing = False
        self._failed: tuple[float, Exception] | None = None

    def close(self) -> None:
        """Close the connection. If another thread is sending, shut the socket down, which ends its call."""
        self._closing = True
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()
        elif sock := self._socket():
            with suppress(OSError):
                sock.shutdown(SHUT_RDWR)

    def send(self, mail: EmailMessage) -> None:
        """Send one e-mail. Raises ``PermanentError``, or another exception if a retry may succeed."""
        with self._lock, permanent_errors():
            try:
                if self._is_disconnected():
                    self._close()
                self._send(mail)
            finally:
                if self._closing:
                    self._close()

    def _send(self, mail: EmailMessage) -> None:
        is_reused = self._open() is False
        try:
            accepted = self._backend.send_messages([mail])
        except SMTPSenderRefused as error:
            # Some servers accept a number of e-mails per connection, and refuse the next with 421.
            if not is_reused or error.smtp_code != SERVICE_CLOSING:
                raise
            self._close()
            self._open()
            accepted = self._backend.send_messages([mail])
        if accepted == 0:
            raise NotAcceptedError("The e-mail backend accepted no message.")

    def _open(self) -> bool | None:
        """Connect if necessary, and return whether it was. Raises at once shortly after a slow failure."""
        if self._failed and monotonic() < self._failed[0]:
            raise NotAcceptedError(f"The mail server is unavailable: {self._failed[1]}")
        started = monotonic()
        try:
            return self._backend.open()
        except Exception as error:
            if monotonic() - started > self._slow_connect:
                self._failed = (monotonic() + self._reconnect_interval, error)
            raise

    def _socket(self) -> socket | None:
        """Return the open socket, or ``None`` if the backend has none."""
        return getattr(getattr(self._backend, "connection", None), "sock", None)

    def _is_disconnected(self) -> bool:
        """Return whether the server has closed the connection. Between two e-mails it sends nothing but a 421.

        Checking before sending is safer than repeating after an error, because the message may have been accepted.
        """
        if getattr(self._backend, "connection", None) is None:
            return False
        sock = self._socket()
        if sock is None:
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _close(self) -> None:
        with suppress(OSError, SMTPException):
            self._backend.close()


class MailServerMedium(Medium):
    """Base class of media that hand their messages to the mail server, over one connection per batch."""

    def open(self) -> None:
        self.connection = MailConnection()

    def close(self) -> None:
        self.connection.close()


class EmailMedium(MailServerMedium):
    """E-mail in text and HTML. All e-mails about one incident form one conversation."""

    code = "EM"
    label = "E-mail"
    settings_schema = {
        "type": "object",
        "properties": {"email_address": {"type": "string", "title": "E-mail address"}},
        "required": ["email_address"],
        "additionalProperties": False,
    }
    address_setting = "email_address"

    @classmethod
    def validate(cls, settings: Any) -> None:
        super().validate(settings)
        try:
            check_address(settings[cls.address_setting])
        except PermanentError as error:
            raise InvalidSettingsError(str(error)) from None

    def send(self, message: Message) -> None:
        if not message.address:
            raise PermanentError("The user has no e-mail address.")
        check_address(message.address)
        mail = MultipartMail(message.subject, message.text, to=[message.address], headers=message.headers)
        mail.attach_alternative(message.html, "text/html")
        self.connection.send(mail)


def check_address(address: str) -> None:
    """Refuse text that is not one e-mail address, also text that would add headers. Raises ``PermanentError``.

    The local part must be ASCII, because Django does not support SMTPUTF8.
    """
    local, _, domain = address.rpartition("@")
    try:
        usable = local.isascii() and Address(addr_spec=f"{local}@{punycode(domain)}").domain
    except (ValueError, IndexError, AttributeError, MessageError):
        usable = False
    if not usable:
        raise PermanentError(f"This is not an e-mail address: {address[:254]!r}")


@contextmanager
def permanent_errors() -> Iterator[None]:
    """Raise ``PermanentError`` if the server refuses the recipient or the message permanently."""
    try:
        yield
    except SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        if is_permanent(code) and not POLICY.match(answer):
            raise PermanentError(answer_text(code, answer)) from error
        raise
    except SMTPDataError as error:
        if is_permanent(error.smtp_code):
            raise PermanentError(answer_text(error.smtp_code, error.smtp_error)) from error
        raise
    except SMTPSenderRefused as error:
        # The sender's address is configuration; its SIZE parameter belongs to the message.
        if error.smtp_code == MESSAGE_TOO_LARGE:
            raise PermanentError(answer_text(error.smtp_code, error.smtp_error)) from error
        raise


def is_permanent(code: int) -> bool:
    """Return whether a retry after this reply code would fail, too."""
    return 500 <= code <= 599 and code not in CLIENT_REFUSED


def answer_text(code: int, answer: bytes | str) -> str:
    """Return the server's answer as text."""
    return f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"
