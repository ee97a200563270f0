"""Text of clients in one line, in several lines, and in the log."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus.util.text import escape_invisible, one_line, printable

# Signs that enclose the following digits: the only format characters with a glyph.
VISIBLE = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
FORMAT = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf" and code not in VISIBLE]


def test_one_line_has_no_format_character_that_is_invisible():
    assert one_line("".join(FORMAT)) == ""
    assert {"\u202e", "\u2066", "\u200e", "\u061c", "\u200b", "\u2060", "\ufeff", "\u00ad", "\U000e0041"} <= set(FORMAT)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\n\u2028 b\u3000\u00a0c\t", "a b c"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("Z\u200b\u200du\u0308rich \u26a0\ufe0f", "Zu\u0308rich \u26a0"),
        ("\u3164\u115f\uffa0", ""),
        ("\u05e9\u05dc\u05d5\u05dd \u4f60\u597d", "\u05e9\u05dc\u05d5\u05dd \u4f60\u597d"),
        ("\ud800", "\ufffd"),
    ],
)
def test_one_line_keeps_what_is_visible(text, line):
    assert one_line(text) == line


def test_a_body_keeps_lines_joiners_and_marks_and_cannot_be_reordered():
    assert printable("a\x85b\u2029c\t\u202ed\u2069 \u200c\u200f\x1b") == "a\nb\nc\td \u200c\u200f "


@given(st.text())
def test_results_are_of_one_line_can_be_encoded_and_stay_the_same(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    for result in (line, printable(text), escape_invisible(text)):
        assert result.encode().decode() == result
