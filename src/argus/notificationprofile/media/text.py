"""Words for messages: whatever a source has sent becomes text that every mail server takes."""

import unicodedata
from datetime import datetime

from argus.api.fields import wire_time
from argus.util.infinity import INFINITY

KEPT = {"\n", "\t"}


def printable(text: str) -> str:
    """Return the text with blanks for control characters and ``\N{REPLACEMENT CHARACTER}`` for half characters.

    Line breaks and tabs stay; every kind of line break becomes ``\\n``.
    """
    text = "\n".join(text.splitlines())
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    """Surrogates have no place in UTF-8, and some servers refuse a mail with control characters."""
    category = "" if character in KEPT else unicodedata.category(character)
    return {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}.get(category, character)


def one_line(text: str) -> str:
    """Return the text without line breaks and repeated blanks."""
    return " ".join(printable(text).split())


def shorten(text: str, length: int) -> str:
    """Cut the text to at most so many characters, an ellipsis in place of what is missing."""
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def readable_time(moment: datetime) -> str:
    """Spell an aware datetime in the server's zone, to the second."""
    return wire_time(moment if moment == INFINITY else moment.replace(microsecond=0)).replace("T", " ")


def describe(error: BaseException) -> str:
    """Say what went wrong, in text that the ledger takes, whatever the error is able to say itself."""
    try:
        return printable(f"{type(error).__name__}: {error}")
    except Exception:
        return type(error).__name__
