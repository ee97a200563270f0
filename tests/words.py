"""Find words that plain technical English does not need. Run ``python -m tests.words [paths]`` for a list.

The list is short on purpose: each entry stood for a sentence that had to be decoded. The subject belongs first: the
component, the user, the source. A term of the field that contains such a word is in ``TERMS``, with the reason.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
PATHS = ["src", "tests", "docs", "benchmarks", "contrib", "deploy", "changelog.d", *PAGES]
# These quote the words.
SKIPPED_FILES = {"words.py", "test_words.py"}
SUFFIXES = {".py", ".md", ".rst", ".html", ".txt", ".js", ".css", ".yml", ".json", ".service", ".conf"}
# Applied migrations are history; built pages repeat their sources.
SKIPPED_FOLDERS = {"migrations", "_build", "__pycache__", "argus_server.egg-info"}

WORDS = [
    # The subject is missing.
    "nobody",
    "somebody",
    "anybody",
    "everybody",
    "whoever",
    "whatever",
    "whom",
    "those who",
    "those whose",
    "of theirs",
    "what is over",
    # Old-fashioned.
    "shall",
    "lest",
    "anew",
    "whence",
    "thereof",
    "for good",
    "for ever",
    # Errors are reported, clients receive an answer.
    "(?:be|been|being|is|are|was|were) told",
    # Metaphors.
    "doors?",
    "(?:the|same) rooms",
    "floors?",
    "houses?",
    "wish(?:es|ed)?",
    "trails?",
    "companions?",
    "ledgers?",
    "lucky?",
    "undertakers?",
    "in turns",
    "tak(?:es?|ing) turns",
]
TERMS = {
    "floor(": "rounding down, a function of many languages and of SQL",
    "math.floor": "rounding down",
    '"nobody"': "the unprivileged user of Unix systems",
    "audit trail": "the field's term for a record of who changed what",
}

PATTERN = re.compile(
    "|".join(map(re.escape, TERMS)) + rf"|(?P<word>(?<![a-z])(?:{'|'.join(WORDS)})(?![a-z]))",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    """A word and where it stands."""

    path: Path
    line: int
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r} in: {self.text}"


def find_in_text(text: str) -> Iterator[tuple[int, str]]:
    """Return line numbers and words. An underscore separates words, so names in code are read as well."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in PATTERN.finditer(line.replace("_", " ")):
            if match["word"]:
                yield number, match["word"]


def find_in_paths(paths: Iterable[Path]) -> list[Finding]:
    """Return what is found in files, and in the files below folders, in the order of their paths."""
    findings = []
    for path in sorted(set(files_below(paths))):
        text = path.read_text(errors="replace")
        lines = text.splitlines()
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        findings += [Finding(shown, line, word, lines[line - 1].strip()) for line, word in find_in_text(text)]
    return findings


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the files to read; a path that does not exist has none."""
    for path in paths:
        if path.is_file():
            yield path
        for file in path.rglob("*"):
            if (
                file.is_file()
                and file.name not in SKIPPED_FILES
                and file.suffix in SUFFIXES
                and not SKIPPED_FOLDERS & set(file.parts)
            ):
                yield file


def main(arguments: list[str]) -> int:
    """Print the findings and their number; the exit code is 1 if there are any."""
    paths = [Path(argument).resolve() for argument in arguments] or [ROOT / path for path in PATHS]
    findings = find_in_paths(paths)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} words to replace", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
