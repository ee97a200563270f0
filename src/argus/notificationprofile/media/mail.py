"""Handing mails to a mail server: one connection for many, and whose fault it is when one is refused."""

import re
import selectors
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from socket import SHUT_RDWR
from time import monotonic

from django.core.mail import EmailMessage, get_connection
from django.utils.encoding import punycode

from .base import PermanentFailure

# What a server says to us, not of the addressee or the mail: log in first, your login is wrong, go away.
ABOUT_US = {503, 521, 530, 534, 535, 538}
TOO_LARGE = 552
# "Service not available, closing transmission channel": the mail itself has not been looked at.
GOODBYE = 421
# Enhanced status codes of policy: at RCPT this is mostly "relaying denied", which an operator can put right.
POLICY = re.compile(rb"^5\.7\.\d")


# A server that took longer than this not to answer is left alone for some seconds: whoever has a batch of mails need
# not wait as long for each of them.
SLOW, REST = 1.0, 5.0


class NotSent(Exception):
    """The mail server is away, or did not take the mail and did not say why."""


def check_address(address: str) -> None:
    """Refuse what no mail can be sent to, and what would add headers to one.

    Raises ``PermanentFailure``. Local parts must be ASCII: Django speaks no SMTPUTF8.
    """
    local, _, domain = address.rpartition("@")
    try:
        usable = local.isascii() and Address(addr_spec=f"{local}@{punycode(domain)}").domain
    except (ValueError, IndexError, AttributeError, MessageError):
        usable = False
    if not usable:
        raise PermanentFailure(f"There is no such address: {address[:254]!r}")


@contextmanager
def explaining_refusals() -> Iterator[None]:
    """Raise ``PermanentFailure`` if the server refuses addressee or mail for good; let all else pass, to be retried."""
    try:
        yield
    except SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        if is_final(code) and not POLICY.match(answer):
            raise PermanentFailure(spell(code, answer)) from error
        raise
    except SMTPDataError as error:
        if is_final(error.smtp_code):
            raise PermanentFailure(spell(error.smtp_code, error.smtp_error)) from error
        raise
    except SMTPSenderRefused as error:
        # Our own address is a matter of configuration; the size, announced along with it, is the mail's.
        if error.smtp_code == TOO_LARGE:
            raise PermanentFailure(spell(error.smtp_code, error.smtp_error)) from error
        raise


def is_final(code: int) -> bool:
    return 500 <= code <= 599 and code not in ABOUT_US


def spell(code: int, answer: bytes | str) -> str:
    """Return a server's answer as text."""
    return f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"


class MailSession:
    """A connection to the mail server that is opened when needed, and again when the server has closed it.

    Threads may share it; they send one after the other.
    """

    def __init__(self):
        self._backend = get_connection()
        self._lock = threading.Lock()
        self._ended = False
        self._away: tuple[float, Exception] | None = None

    def __enter__(self) -> "MailSession":
        return self

    def __exit__(self, *exception) -> None:
        """Close the connection; if somebody is still sending, cut it off under them."""
        self._ended = True
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()
        elif sock := self._socket():
            with suppress(OSError):
                sock.shutdown(SHUT_RDWR)

    def send(self, mail: EmailMessage) -> None:
        """Hand over one mail. Raises ``PermanentFailure``, or anything else if it may work later."""
        with self._lock, explaining_refusals():
            try:
                if self._is_gone():
                    self._close()
                self._hand_over(mail)
            finally:
                if self._ended:
                    self._close()

    def _hand_over(self, mail: EmailMessage) -> None:
        is_reused = self._open() is False
        try:
            taken = self._backend.send_messages([mail])
        except SMTPSenderRefused as error:
            # Some servers take a number of mails per connection, and then say goodbye to the next one.
            if not is_reused or error.smtp_code != GOODBYE:
                raise
            self._close()
            self._open()
            taken = self._backend.send_messages([mail])
        if taken == 0:
            raise NotSent("The mail backend took no mail.")

    def _open(self) -> bool | None:
        """Connect if need be, and tell whether that was so. Raises at once while a hanging server is left alone."""
        if self._away and monotonic() < self._away[0]:
            raise NotSent(f"The mail server is away: {self._away[1]}")
        started = monotonic()
        try:
            return self._backend.open()
        except Exception as error:
            if monotonic() - started > SLOW:
                self._away = (monotonic() + REST, error)
            raise

    def _socket(self):
        """Return the open socket, if the backend is one that has any."""
        return getattr(getattr(self._backend, "connection", None), "sock", None)

    def _is_gone(self) -> bool:
        """Tell whether the server has hung up: between two mails it says nothing else but goodbye.

        To look before sending is safer than to repeat after an error, which may mean that the mail was taken.
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


@contextmanager
def mail_session() -> Iterator[dict]:
    """Give the keyword arguments by which ``send`` of a medium shares one connection."""
    with MailSession() as connection:
        yield {"connection": connection}


def hand_over(mail: EmailMessage, connection: MailSession | None = None) -> None:
    """Send a mail over the session's connection, or over one of its own. Raises as ``MailSession.send``."""
    if connection is not None:
        connection.send(mail)
        return
    with MailSession() as connection:
        connection.send(mail)
