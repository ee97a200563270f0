"""E-mail to a real mail server: contents, permanent and temporary errors, and one connection per batch."""

import socket
import threading
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

import pytest
from django.core import mail

from argus.incident.lifecycle import EventType
from argus.notificationprofile.media.base import PermanentError
from argus.notificationprofile.media.email import EmailNotification
from argus.notificationprofile.media.smtp import EmailMedium, MailConnection, NotAcceptedError
from tests.factories import make_event, make_incident, make_user
from tests.notificationprofile.messages import make_message, start_of
from tests.smtp_sink import ANY_ADDRESS, CONNECT, DATA, END, MAIL, RCPT, running_sink

pytestmark = [pytest.mark.django_db, pytest.mark.once]

BOB = "bob@example.org"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def sink(settings):
    with running_sink() as sink:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_TIMEOUT = 5
        yield sink


@pytest.fixture
def event():
    return start_of(make_incident(description="Kjøleanlegg nede", tags=["a=b"]))


@pytest.fixture
def send(event):
    """Send the event to an address, as the worker does."""
    user = make_user("bob", email=BOB)
    message = make_message(event, user)

    def send(address: str = BOB, medium: EmailMedium | None = None, **values) -> None:
        with opened() if medium is None else nullcontext(medium) as used:
            used.send(replace(message, address=address, **values))

    send.message = message
    return send


@contextmanager
def opened():
    """An open medium."""
    with closing(EmailMedium()) as medium:
        medium.open()
        yield medium


# Contents


def test_mail_arrives_in_text_and_html_with_the_headers_of_its_message(sink, send, settings):
    settings.DEFAULT_FROM_EMAIL = "Argus <argus@example.org>"

    send()

    (received,) = sink.messages
    arrived = received.message
    assert (received.sender, received.recipients) == ("argus@example.org", (BOB,))
    assert received.subject == send.message.subject
    assert arrived["From"] == "Argus <argus@example.org>"
    assert arrived["Date"] is not None
    assert {name: arrived[name] for name in send.message.headers} == send.message.headers
    assert arrived.get_body(["plain"]).get_content().splitlines() == send.message.text.splitlines()
    assert "Kjøleanlegg nede" in arrived.get_body(["html"]).get_content()


def test_seed_interface_sends_to_the_users_address_by_default(sink, event):
    user = make_user("bob", email=BOB)

    EmailNotification.send(event.incident, user, event=event, profile=None)
    EmailNotification.send(event.incident, user, address="noc@example.org", message=make_message(event, user))

    assert [received.recipients for received in sink.messages] == [(BOB,), ("noc@example.org",)]


def test_seed_interface_shares_a_connection_in_a_session(sink, event):
    with EmailNotification.session() as session:
        for _ in range(3):
            EmailNotification.send(event.incident, make_user(), **session)

    assert (len(sink.messages), sink.connections) == (3, 1)


def test_seed_interface_needs_only_incident_and_user(sink):
    incident, user = make_incident(), make_user()
    make_event(incident, EventType.END)

    EmailNotification.send(incident, user)

    (received,) = sink.sent_to(user.email)
    assert "Incident end" in received.subject


def test_sending_again_sends_the_same_message_id(sink, send):
    send()
    send()

    assert {received.id for received in sink.messages} == {send.message.message_id}


@pytest.mark.parametrize(
    "description", ["x" * 100_000, "東" * 30_000, "lines\n" * 5_000, ".\r\n.\r\nQUIT\r\n", "From x\n"]
)
def test_descriptions_of_any_length_and_kind_arrive(sink, description):
    incident = make_incident(description=description)

    EmailNotification.send(incident, make_user())

    (received,) = sink.messages
    assert max(map(len, received.raw.split(b"\r\n"))) <= 998
    assert description[:3].strip() in received.message.get_body(["plain"]).get_content()


def test_boundary_of_one_mail_does_not_divide_the_next(sink, send):
    send()
    text = f"before\n--{sink.messages[0].message.get_boundary()}--\nafter\n"

    send(text=text, html=text)

    arrived = sink.messages[1].message
    assert [part.get_content().splitlines() for part in arrived.iter_parts()] == [text.splitlines()] * 2


def test_address_with_another_script_in_its_domain_is_written_in_ascii(sink, send):
    send("bob@bücher.example")

    assert sink.messages[0].recipients == ("bob@xn--bcher-kva.example",)


@pytest.mark.parametrize("address", ["bob@mailhost", "o'brien+argus@example.org", '"bob b"@example.org'])
def test_unusual_valid_addresses_are_accepted(sink, send, address):
    send(address)

    assert len(sink.messages) == 1


# Errors


@pytest.mark.parametrize(
    "address",
    [
        "bob",
        "@example.org",
        "bob@",
        "bob@example.org\nBcc: eve@example.org",
        "bob@example.org, eve@example.org",
        "bob b@example.org",
        "<bob@example.org",
        "bøb@example.org",
        f"bob@{'x' * 70}ø.example.org",
        "bob@@",
        "\x00@example.org",
    ],
)
def test_invalid_address_is_a_permanent_error_without_a_connection(sink, send, address):
    with pytest.raises(PermanentError):
        send(address)

    assert sink.connections == 0


def test_user_without_an_address_is_a_permanent_error(event):
    with pytest.raises(PermanentError, match="no e-mail address"):
        EmailNotification.send(event.incident, make_user(email=""))


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        ("550 5.1.1 No such user", RCPT),
        ("552 5.2.2 Mailbox full", RCPT),
        ("553 Mailbox name not allowed", RCPT),
        ("550 5.7.1 This looks like spam", END),
        ("554 Transaction failed", END),
        ("554 5.5.1 No valid recipients", DATA),
    ],
)
def test_refused_recipient_or_content_is_a_permanent_error(sink, send, answer, at):
    sink.answer(BOB, answer, at=at)

    with pytest.raises(PermanentError) as failure:
        send()

    assert str(failure.value) == answer


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        ("450 4.2.1 Mailbox busy", RCPT),
        ("451 4.7.1 Greylisted", RCPT),
        ("421 4.3.2 Shutting down", RCPT),
        ("530 5.7.0 Authentication required", RCPT),
        ("554 5.7.1 Relay access denied", RCPT),
        ("451 4.3.0 Try again later", DATA),
        ("452 4.3.1 Disk full", END),
        ("421 4.3.2 Shutting down", END),
        ("554 5.3.2 No service here", CONNECT),
        ("421 4.3.2 Too many connections", CONNECT),
    ],
)
def test_temporary_or_client_refusal_is_a_temporary_error(sink, send, answer, at):
    sink.answer(BOB if at != CONNECT else ANY_ADDRESS, answer, at=at)

    with pytest.raises((SMTPException, OSError)):
        send()
    sink.accept()
    send()

    assert len(sink.messages) == 1


def test_refused_connection_is_a_temporary_error(sink, send):
    sink.stop()
    with pytest.raises(ConnectionRefusedError):
        send()
    sink.start()
    send()

    assert len(sink.messages) == 1


@pytest.mark.parametrize("at", [RCPT, DATA, END])
def test_dropped_connection_is_a_temporary_error(sink, send, at):
    sink.drop(BOB, at=at, times=1)

    with pytest.raises((SMTPException, OSError)):
        send()
    send()

    assert len(sink.messages) == 1


@pytest.mark.parametrize("at", [CONNECT, RCPT, DATA, END])
def test_hanging_server_is_a_temporary_error_after_the_timeout(sink, send, settings, at):
    settings.EMAIL_TIMEOUT = 0.3
    sink.hang(at=at, times=1)

    began = time.monotonic()
    with pytest.raises((SMTPServerDisconnected, TimeoutError)):
        send()

    assert time.monotonic() - began < 3
    send()
    assert len(sink.messages) == 1


def test_wrong_password_is_a_temporary_error(sink, send, settings):
    sink.credentials = ("argus", "right")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "argus", "wrong"
    with pytest.raises(SMTPAuthenticationError):
        send()

    settings.EMAIL_HOST_PASSWORD = "right"
    send()

    assert len(sink.messages) == 1


def test_missing_login_is_a_temporary_error(sink, send):
    sink.credentials = ("argus", "right")

    with pytest.raises(SMTPException):
        send()


def test_mail_above_the_size_limit_is_a_permanent_error(sink, send):
    sink.size_limit = 100

    with pytest.raises(PermanentError, match="552"):
        send()


def test_refused_sender_is_a_temporary_error(sink, send):
    sink.answer(answer="550 5.1.8 Sender address rejected", at=MAIL)

    with pytest.raises(SMTPSenderRefused):
        send()


def test_unknown_server_name_is_a_temporary_error(send, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "smtp.invalid"

    with pytest.raises(socket.gaierror):
        send()


def test_backend_that_accepts_nothing_is_a_temporary_error(send, settings, monkeypatch):
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda self, mails: 0)

    with pytest.raises(NotAcceptedError):
        send()


# One connection for many mails


def test_batch_uses_one_connection(sink, send):
    with opened() as medium:
        for _ in range(5):
            send(medium=medium)

    assert (len(sink.messages), sink.connections) == (5, 1)


def test_batch_without_a_mail_does_not_connect(sink):
    with opened():
        pass

    assert sink.connections == 0


def test_refused_recipients_keep_the_connection(sink, send):
    sink.answer("eve@example.org", "550 5.1.1 No such user")
    sink.answer("busy@example.org", "451 4.3.0 Later", at=END)

    with opened() as medium:
        with pytest.raises(PermanentError):
            send("eve@example.org", medium=medium)
        with pytest.raises(SMTPException):
            send("busy@example.org", medium=medium)
        send(medium=medium)

    assert (len(sink.messages), sink.connections) == (1, 1)


@pytest.mark.parametrize("goodbye", [b"", b"421 4.4.2 Idle for too long"])
def test_closed_connection_is_opened_again(sink, send, goodbye):
    with opened() as medium:
        send(medium=medium)
        sink.hang_up(goodbye)
        time.sleep(0.1)
        send(medium=medium)

    assert (len(sink.messages), sink.connections) == (2, 2)


def test_connection_is_opened_again_after_a_server_restart(sink, send):
    with opened() as medium:
        send(medium=medium)
        sink.stop()
        with pytest.raises((SMTPException, OSError)):
            send(medium=medium)
        sink.start()
        send(medium=medium)

    assert len(sink.messages) == 2


def test_server_with_one_mail_per_connection_gets_all_mails(sink, send):
    """It answers 421 to the second sender instead of closing the connection at once."""
    sink.mails_per_connection = 1

    with opened() as medium:
        for _ in range(3):
            send(medium=medium)

    assert (len(sink.messages), sink.connections) == (3, 3)


@pytest.mark.parametrize("at", [DATA, END])
def test_batch_continues_after_an_interrupted_mail(sink, send, at):
    sink.drop("eve@example.org", at=at)

    with opened() as medium:
        send(medium=medium)
        with pytest.raises((SMTPException, OSError)):
            send("eve@example.org", medium=medium)
        send(medium=medium)

    assert [received.recipients for received in sink.messages] == [(BOB,), (BOB,)]


def test_interrupted_mail_is_not_repeated_within_the_batch(sink, send):
    """The server may have accepted it. The worker decides when to risk a duplicate."""
    sink.drop(at=END, times=1)

    with opened() as medium, pytest.raises((SMTPException, OSError)):
        send(medium=medium)

    assert sink.messages == []


def test_threads_share_a_connection(sink, send):
    with opened() as medium:
        threads = [threading.Thread(target=send, kwargs={"medium": medium}) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert (len(sink.messages), sink.connections) == (5, 1)


def test_close_interrupts_a_thread_that_is_sending(sink, send):
    sink.hang(at=END)
    failures = []

    def hang(medium):
        try:
            send(medium=medium)
        except OSError as error:
            failures.append(error)

    began = time.monotonic()
    with opened() as medium:
        thread = threading.Thread(target=hang, args=[medium])
        thread.start()
        time.sleep(0.3)
    thread.join()

    assert len(failures) == 1
    assert time.monotonic() - began < 3


def test_unavailable_server_is_not_tried_again_for_some_seconds(sink, send, settings):
    settings.EMAIL_TIMEOUT = 0.3
    sink.hang(at=CONNECT)

    began = time.monotonic()
    with opened() as medium:
        medium.connection = MailConnection(slow_connect=0.2, reconnect_interval=1.0)
        for _ in range(10):
            with pytest.raises((NotAcceptedError, SMTPException, OSError)):
                send(medium=medium)
        assert time.monotonic() - began < 1
        sink.accept()
        time.sleep(1.1)
        send(medium=medium)

    assert len(sink.messages) == 1


def test_backends_without_a_connection_work(send):
    with opened() as medium:
        send(medium=medium)
        send(medium=medium)

    assert len(mail.outbox) == 2


def test_refused_recipient_does_not_stop_the_others(sink, send):
    sink.answer("busy@example.org", "450 4.2.1 Mailbox busy", times=1)

    with opened() as medium:
        with pytest.raises(SMTPRecipientsRefused):
            send("busy@example.org", medium=medium)
        send(medium=medium)
        send("busy@example.org", medium=medium)

    assert [received.recipients[0] for received in sink.messages] == [BOB, "busy@example.org"]
