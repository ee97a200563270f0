"""Plain words, in the code and in the documentation."""

import pytest

from tests.words import PATHS, ROOT, find_in_paths, find_in_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Return the open incidents of a source.", []),
        ("Nobody waits for whoever is late.", ["Nobody", "whoever"]),
        ("def test_nobody_is_called(): ...", ["nobody"]),
        ("The user is told that it failed", ["is told"]),
        ("math.floor(x), floor(x), an audit trail", []),
        ("The ground floor", ["floor"]),
        ("an outdoor antenna, a wholesale shallow clone", []),
    ],
)
def test_finds_words_but_not_parts_of_words(text, words):
    assert [word for _line, word in find_in_text(text)] == words


def test_finding_names_file_and_line(tmp_path):
    (tmp_path / "page.md").write_text("# Title\n\nIt is gone for good.\n")
    (tmp_path / "picture.png").write_text("for good")

    [finding] = find_in_paths([tmp_path])

    assert str(finding) == f"{tmp_path / 'page.md'}:3: 'for good' in: It is gone for good."


def test_code_and_documentation_use_plain_words():
    assert [str(finding) for finding in find_in_paths(ROOT / path for path in PATHS)] == []
