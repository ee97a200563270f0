"""Make text of clients safe to show: in one line, in several lines, and in the log."""

import re
import unicodedata

LINE_CHARACTERS = {"\n", "\t"}
# They change the order in which the following text is shown, up to the end of the line.
BIDIRECTIONAL = "\u202a-\u202e\u2066-\u2069"
# Unicode's "default ignorable" characters, and annotation marks: they have no glyph. Among them are directional marks,
# joiners, blanks without width, fillers, tags and variation selectors.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
REORDERING = re.compile(f"[{BIDIRECTIONAL}]")
NOT_SHOWN = re.compile(f"[{INVISIBLE}]")
# Line breaks and tabs may stay.
NOT_LOGGED = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{INVISIBLE}]")


def printable(text: str) -> str:
    r"""Return the text for the body of a message.

    Control characters become blanks, lone surrogates become ``\N{REPLACEMENT CHARACTER}``, and characters that reorder
    the text are removed. Line breaks and tabs stay; every kind of line break becomes ``\n``.
    """
    text = "\n".join(text.splitlines())
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, REORDERING.sub("", text)))


def _printable_character(character: str) -> str:
    """UTF-8 has no surrogates, and some mail servers refuse control characters."""
    category = "" if character in LINE_CHARACTERS else unicodedata.category(character)
    return {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}.get(category, character)


def one_line(text: str) -> str:
    """Return the text for a header or an SMS: without line breaks, repeated blanks and invisible characters."""
    return " ".join(NOT_SHOWN.sub("", printable(text)).split())


def escape_invisible(text: str) -> str:
    r"""Return the text for the log, with control and invisible characters as escapes such as ``\x1b``."""
    return NOT_LOGGED.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
