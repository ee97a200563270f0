"""SMS through an e-mail gateway: one short text for any incident."""

import re
from contextlib import closing, contextmanager
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured

from argus.notificationprofile.media.base import PermanentError
from argus.notificationprofile.media.sms import EmailGatewaySMS, fit_sms, sms_length
from tests.factories import make_incident, make_source, make_user
from tests.notificationprofile.messages import make_message, start_of
from tests.smtp_sink import running_sink

pytestmark = pytest.mark.once

NUMBER = "+4712345678"


@pytest.fixture(autouse=True)
def gateway(settings):
    settings.ARGUS_SMS_GATEWAY = "{number}@sms.example.org"


@contextmanager
def opened():
    """An open medium."""
    with closing(EmailGatewaySMS()) as medium:
        medium.open()
        yield medium


def send(incident, number: str = NUMBER) -> None:
    with opened() as medium:
        medium.send(make_message(start_of(incident), medium="SM", address=number))


def text_of(**values) -> str:
    """The SMS about a new incident."""
    send(make_incident(make_source("nav.example.org"), **values))
    return mail.outbox[-1].body


# The mail to the gateway


@pytest.mark.parametrize(
    ("template", "address", "subject"),
    [
        ("{number}@sms.example.org", "+4712345678@sms.example.org", ""),
        ("{digits}.secret@sms.example.org", "4712345678.secret@sms.example.org", ""),
        ("sms@example.org", "sms@example.org", "+4712345678"),
    ],
)
@pytest.mark.django_db
def test_number_is_in_the_address_or_else_in_the_subject(settings, template, address, subject):
    settings.ARGUS_SMS_GATEWAY = template

    text_of()

    assert (mail.outbox[0].to, mail.outbox[0].subject) == ([address], subject)


@pytest.mark.django_db
def test_sms_contains_event_description_source_and_time():
    text = text_of(description="Switch sw-3 does\nnot answer")

    assert text.startswith("Incident start: Switch sw-3 does not answer (nav.example.org, 05-15 14:00) #")


@pytest.mark.django_db
def test_gateway_mail_is_plain_text_with_the_message_id():
    incident, user = make_incident(), make_user()
    start = start_of(incident)
    message = make_message(start, user, medium="SM", address=NUMBER)

    with opened() as medium:
        medium.send(message)

    sent = mail.outbox[0].message()
    assert sent.get_content_type() == "text/plain"
    assert sent["Message-ID"] == message.message_id


@pytest.mark.parametrize("number", ["", "12345678", "+", "+0123", "+47 123", "+4712345678@evil.example", "+4712\n"])
@pytest.mark.django_db
def test_invalid_phone_number_is_a_permanent_error(number):
    with pytest.raises(PermanentError):
        send(make_incident(), number)

    assert mail.outbox == []


@pytest.mark.django_db
def test_missing_gateway_is_a_temporary_error(settings):
    settings.ARGUS_SMS_GATEWAY = ""

    with pytest.raises(ImproperlyConfigured, match="ARGUS_SMS_GATEWAY"):
        send(make_incident())


@pytest.mark.django_db
def test_gateway_refusals_are_permanent_or_temporary(settings):
    start = start_of(make_incident())
    first, second = (make_message(start, medium="SM", address=number) for number in ("+4711111111", "+4722222222"))
    with running_sink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        sink.answer("+4711111111@sms.example.org", "550 5.1.1 Not a subscriber")
        sink.answer("+4722222222@sms.example.org", "450 4.3.2 Too many at once", times=1)

        with opened() as medium:
            with pytest.raises(PermanentError, match="Not a subscriber"):
                medium.send(first)
            with pytest.raises(SMTPRecipientsRefused):
                medium.send(second)
            medium.send(second)

    assert [received.recipients for received in sink.messages] == [("+4722222222@sms.example.org",)]
    assert sink.connections == 1


# What fits


@pytest.mark.parametrize("description", ["", "x" * 10_000, "[€]" * 100, "Kjøleanlegg på Værøy " * 20], ids=len)
@pytest.mark.django_db
def test_long_description_is_cut_and_source_and_time_stay(description):
    text = text_of(description=description)

    assert sms_length(text) <= 160
    assert "(nav.example.org, 05-15 14:00) #" in text


@pytest.mark.parametrize("description", ["東京" * 500, "🦆" * 99], ids=len)
@pytest.mark.django_db
def test_other_scripts_keep_the_incident_number(description):
    text = text_of(description=description)

    assert sms_length(text) in range(68, 71)
    assert description[:15] in text
    assert re.fullmatch(r"Incident start: .*[.]{3} #[0-9]+", text)


@pytest.mark.django_db
def test_length_is_a_setting(settings):
    settings.ARGUS_SMS_MAX_LENGTH = 306

    assert sms_length(text_of(description="word " * 200)) in range(300, 307)


@pytest.mark.parametrize(
    ("middle", "sms"),
    [
        ("plain", "a: plain (b)"),
        ("Ærfugl på Värmlandsvägen", "a: Ærfugl på Värmlandsvägen (b)"),
        ("\u201cdown\u201d \u2013 it\u2019s over\u2026", 'a: "down" - it\'s over... (b)'),
        ("Žluťoučký kůň", "a: Zlutoucky kun (b)"),
        ("лес", "a: лес (b)"),
        ("x" * 30, "a: xxxxxxxxxx... (b)"),
        ("€" * 30, "a: €€€€€... (b)"),
        ("ж" * 30, "a: ... c"),
        ("x" * 13, "a: " + "x" * 13 + " (b)"),
    ],
)
def test_text_is_simplified_if_it_then_fits_the_alphabet(middle, sms):
    length = 20 if len(set(middle)) == 1 else 160

    assert fit_sms("a: ", middle, [" (b)", " c"], length) == sms


@pytest.mark.parametrize(("text", "number"), [("abc", 3), ("{}", 4), ("æøå", 3), ("ж", 1), ("🦆", 2), ("", 0)])
def test_length_is_counted_as_the_network_does(text, number):
    assert sms_length(text) == number
