"""What fits into an SMS: the alphabet of GSM 03.38 with 7 bits a character, or any other with 16."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take two places.
EXTENDED = set("\f^{}\\[~]|€")
# By code point, since most of them look like what takes their place: quotation marks, guillemets, dashes, a bullet.
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
WIDE = 7 / 16
ELLIPSIS = "..."


def fit_sms(head: str, middle: str, tails: Sequence[str], length: int) -> str:
    """Join head, middle and the first tail that leaves enough room for the middle, which is cut as far as needed.

    The whole takes at most ``length`` places, or 7/16 of it in other scripts. Accents and typographic marks that GSM
    does not have are simplified if that leads to the longer form.
    """
    parts = [head, middle[:length], *tails]
    simple = [simplify(part) for part in parts]
    if all(set(part) <= BASIC | EXTENDED for part in simple):
        parts = simple
    else:
        length = int(length * WIDE)
    head, middle, *tails = parts
    enough = min(places(middle), length // 2)
    tail = next((tail for tail in tails if length - places(head) - places(tail) >= enough), tails[-1])
    room = length - places(head) - places(tail)
    if places(middle) > room:
        middle = cut(middle, room - len(ELLIPSIS)).rstrip() + ELLIPSIS
    return cut(head + middle + tail, length)


def simplify(text: str) -> str:
    """Return the text with what GSM lacks replaced by what comes closest, where there is such a thing."""
    return "".join(map(_simplified, text))


@lru_cache(maxsize=1024)
def _simplified(character: str) -> str:
    if character in BASIC or character in EXTENDED:
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return plain if plain and set(plain) <= BASIC | EXTENDED else SIMILAR.get(character, character)


def places(text: str) -> int:
    """Return how many characters the network counts."""
    if set(text) <= BASIC | EXTENDED:
        return len(text) + sum(character in EXTENDED for character in text)
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, room: int) -> str:
    """Return the beginning that fits into so many places."""
    text = text[: max(room, 0)]
    while text and places(text) > room:
        text = text[:-1]
    return text
