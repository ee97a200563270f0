"""SMS by a gateway that accepts e-mail, shortened to the alphabet and length of one SMS."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from .base import Message, PermanentError, one_line
from .smtp import MailServerMedium, check_address

PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
MAX_SOURCE_NAME = 30

# The alphabet of GSM 03.38, which takes 7 bits per character.
BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These count as two characters.
EXTENDED = set("\f^{}\\[~]|€")
# Replacements, by code point because the characters look alike: quotation marks, guillemets, dashes, a bullet.
SIMILAR = {
    chr(code): plain
    for plain, codes in {
        "'": (0x2018, 0x2019, 0x201A, 0x201B, 0x60),
        '"': (0x201C, 0x201D, 0x201E, 0x201F, 0xAB, 0xBB),
        "<": (0x2039,),
        ">": (0x203A,),
        "-": (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212),
        "*": (0x2022,),
        ".": (0xB7,),
        " ": (0x09,),
    }.items()
    for code in codes
}
# An SMS of 160 characters of 7 bits holds 70 of 16.
UCS2_RATIO = 7 / 16
ELLIPSIS = "..."


class EmailGatewaySMS(MailServerMedium):
    """One SMS per message, by the gateway in ``ARGUS_SMS_GATEWAY``."""

    code = "SM"
    label = "SMS"
    settings_schema = {
        "type": "object",
        "properties": {"phone_number": {"type": "string", "title": "Phone number", "pattern": r"^\+[1-9][0-9]{1,14}$"}},
        "required": ["phone_number"],
        "additionalProperties": False,
    }
    address_setting = "phone_number"

    def send(self, message: Message) -> None:
        if not PHONE_NUMBER.fullmatch(message.address):
            raise PermanentError(f"This is not a phone number with a country code: {message.address[:50]!r}")
        address, subject = gateway_for(message.address)
        check_address(address)
        text = sms_text(message, settings.ARGUS_SMS_MAX_LENGTH)
        self.connection.send(EmailMessage(subject, text, to=[address], headers=message.headers))


def gateway_for(phone_number: str) -> tuple[str, str]:
    """Return the gateway's address for a number in E.164, and the subject.

    The subject is empty if the address contains the number: some gateways add the subject to the SMS.
    """
    gateway = settings.ARGUS_SMS_GATEWAY
    if not gateway:
        raise ImproperlyConfigured("ARGUS_SMS_GATEWAY must be set for SMS through an e-mail gateway.")
    address = gateway.replace("{number}", phone_number).replace("{digits}", phone_number.removeprefix("+"))
    return address, phone_number if address == gateway else ""


def sms_text(message: Message, length: int) -> str:
    """Return the event, the description, the source and the time in one SMS. The description is cut as needed."""
    event, incident = message.event, message.incident
    source = one_line(incident.source)[:MAX_SOURCE_NAME]
    time = f"{event.timestamp:%m-%d %H:%M}"
    tails = [f" ({source}, {time}) #{incident.pk}", f" #{incident.pk}"]
    return fit_sms(f"{event.type_display}: ", one_line(incident.description), tails, length)


def fit_sms(head: str, middle: str, tails: Sequence[str], length: int) -> str:
    """Join head, middle, and the first tail that leaves enough space for the middle, which is cut as needed.

    The result has at most ``length`` characters of the GSM alphabet, or 7/16 of it in other scripts. Accents and
    typographic marks are simplified if that makes the text fit the GSM alphabet.
    """
    parts = [head, middle[:length], *tails]
    simple = [simplify(part) for part in parts]
    if all(set(part) <= BASIC | EXTENDED for part in simple):
        parts = simple
    else:
        length = int(length * UCS2_RATIO)
    head, middle, *tails = parts
    enough = min(sms_length(middle), length // 2)
    tail = next((tail for tail in tails if length - sms_length(head) - sms_length(tail) >= enough), tails[-1])
    space = length - sms_length(head) - sms_length(tail)
    if sms_length(middle) > space:
        middle = cut(middle, space - len(ELLIPSIS)).rstrip() + ELLIPSIS
    return cut(head + middle + tail, length)


def simplify(text: str) -> str:
    """Replace characters outside the GSM alphabet by similar ones in it, where there are any."""
    return "".join(map(_simplified, text))


@lru_cache(maxsize=1024)
def _simplified(character: str) -> str:
    if character in BASIC or character in EXTENDED:
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return plain if plain and set(plain) <= BASIC | EXTENDED else SIMILAR.get(character, character)


def sms_length(text: str) -> int:
    """Return the number of characters as the mobile network counts them."""
    if set(text) <= BASIC | EXTENDED:
        return len(text) + sum(character in EXTENDED for character in text)
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, length: int) -> str:
    """Return the longest beginning that has at most ``length`` characters."""
    text = text[: max(length, 0)]
    while text and sms_length(text) > length:
        text = text[:-1]
    return text
